"""Put off making the builder image until something has to be built or booted in it."""

from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path

from pytest_karatos.build.container import ContainerRunner
from pytest_karatos.build.image import Image, ensure_image
from pytest_karatos.build.place import Place
from pytest_karatos.build.tools import Tools
from pytest_karatos.build.workshop import JournalProgress
from pytest_karatos.engine import Bind, Container, Engine, Order, host_ca
from pytest_karatos.errors import KaratosError
from pytest_karatos.firmware import BuildRequest
from pytest_karatos.progress import Progress

#: A container that machines boot in lives as long as its worker; this bounds a lost one.
_TITLE = "builder image"
_WARM_SECONDS = 4 * 3600.0


class ImageRunner:
    """A :class:`ContainerRunner` whose image is found, pulled or built on first use."""

    name = "docker"

    def __init__(self, engine: Engine, place: Place) -> None:
        self._engine = engine
        self._place = place

    def prepare(self) -> None:
        """Make the image now; what goes wrong is said when somebody needs it."""
        _ = self._made

    @property
    def image(self) -> Image:
        """The image, made if need be; one process of the machine makes it, the others wait.

        :raises ImageFailed: the same one each time; a failed image is not made again in a run.
        """
        if isinstance(self._made, KaratosError):
            raise self._made
        return self._made

    @cached_property
    def _made(self) -> Image | KaratosError:
        try:
            return self._make()
        except KaratosError as error:
            return error

    def _make(self) -> Image:
        settings = self._place.settings
        progress = JournalProgress(self._place.journal, _TITLE)
        self._engine.sweep()
        try:
            return ensure_image(self._engine, settings.image, progress, settings.cache)
        finally:
            self._place.journal.note("work-ended", title=_TITLE)

    @cached_property
    def _runner(self) -> ContainerRunner:
        settings, place = self._place.settings, self._place
        return ContainerRunner(
            self._engine,
            self.image,
            settings.limits,
            settings.cache,
            ca=host_ca(place.environ),
            jobs=place.jobs,
        )

    def close(self) -> None:
        """Close the connections to the daemon."""
        self._engine.close()

    def identity(self) -> str:
        """Name the image."""
        return self._runner.identity()

    def tools(self) -> Tools:
        """Name the image and the tools in it."""
        return self._runner.tools()

    def run(self, request: BuildRequest, tree: Path, log: Path, progress: Progress) -> int:
        """Run one build command in a fresh container."""
        return self._runner.run(request, tree, log, progress)

    def warm_container(self, *folders: Path) -> AbstractContextManager[Container]:
        """Return a container without network that sees ``folders`` at their place."""
        binds = tuple(Bind(source=folder, target=str(folder)) for folder in folders)
        order = Order(image=self.image.id, seconds=_WARM_SECONDS, binds=binds)
        return self._engine.container(order)
