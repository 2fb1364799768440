"""The builder that compiles in a container of the builder image."""

from pytest_karatos.builders.caching import caching_builder
from pytest_karatos.builders.container import ImageRunner
from pytest_karatos.builders.context import BuildContext
from pytest_karatos.builders.protocol import Chosen
from pytest_karatos.containers import connect


def open_builder(context: BuildContext, why: str) -> Chosen:
    """Return the builder, whose image is made when it is first needed.

    :raises EngineDown: when no daemon answers. :raises MissingTool: without the docker package.
    """
    runner = ImageRunner(connect(context.environ), context, context.settings.toolchain)
    return Chosen(
        builder=caching_builder(context, runner),
        why=why or "a Docker daemon answers",
        runner=runner,
    )
