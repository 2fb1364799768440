"""Tell a CI job what is worth keeping between its runs, in lines that it can take as outputs.

Prints `image=NAME`, the builder image that is made here when it is missing (empty when none is:
a named image comes from its registry, and local builds need none), and `cache=FOLDER`, whose
`firmware` and `cargo-home` save time. Nothing is built or asked; no Docker is needed.
"""

from argparse import ArgumentParser, Namespace

from pytest_karatos.builders.image import recipe_of, tag_of
from pytest_karatos.builders.layer import layer_tag
from pytest_karatos.choices import BUILDERS, DOCKER
from pytest_karatos.cli.shell import Shell
from pytest_karatos.settings import Settings, load
from pytest_karatos.text import printable

HELP = "print what a CI job should cache, as key=value lines"


def add_arguments(_parser: ArgumentParser) -> None:
    """Declare no options."""


def run(_options: Namespace, shell: Shell) -> int:
    """Print the lines; a broken settings file is an error, since it may name an image."""
    settings = load(root=shell.folder, environ=shell.environ, typed={})
    shell.say(f"image={image_of(settings)}")
    shell.say(f"cache={_one_line(str(settings.cache))}")
    return 0


def image_of(settings: Settings) -> str:
    """Return the tag of the image that would be made from a folder here, else an empty text."""
    folder = recipe_of(settings.toolchain.image)
    wanted = BUILDERS.may_need(settings.builder, DOCKER)
    return layer_tag(settings.toolchain) or tag_of(folder) if folder and wanted else ""


def _one_line(text: str) -> str:
    # A line of its own would be an output of its own.
    return printable(text).replace("\n", "\\n")
