"""Builds in a container: the same tools everywhere, and limits on what a build takes."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path

from pytest_karatos.artifacts.files import write_whole
from pytest_karatos.builders.caching import JournalProgress
from pytest_karatos.builders.context import BuildContext
from pytest_karatos.builders.environment import decisive
from pytest_karatos.builders.host import Lines, build_timed_out
from pytest_karatos.builders.image import Image
from pytest_karatos.builders.layer import ensure_toolchain
from pytest_karatos.builders.locks import environment
from pytest_karatos.builders.programs import Programs
from pytest_karatos.builders.sources import project_word
from pytest_karatos.builders.tools import SCRIPT, Tools, spoken
from pytest_karatos.containers import Bind, Container, ContainerSpec, Engine, host_ca
from pytest_karatos.errors import BuildFailed, EngineDown, KaratosError
from pytest_karatos.firmware import BuildRequest
from pytest_karatos.progress import Progress
from pytest_karatos.settings import Limits, Toolchain
from pytest_karatos.text import printable

#: Where the tree is in the container: always the same, so that outputs do not depend on the host.
SOURCE = "/src"
_CARGO_HOME = "/cargo"
#: The container outlives the command's own limit by this, so that we are who ends it.
_SPARE_SECONDS = 60.0
_OUT_OF_MEMORY = "the kernel killed a process of this build, out of memory"
_OUT_OF_PROCESSES = "the kernel let this build start no more"


class ContainerRunner:
    """Runs commands in a fresh container of ``image``, with a cargo home that stays.

    ``ca`` is the host's bundle of trusted certificates (:func:`pytest_karatos.containers.host_ca`);
    ``jobs`` is how many jobs a build may run at once. Of ``environ`` the commands see what is
    allowed.
    """

    name = "docker"

    def __init__(  # noqa: PLR0913  # each is another outside fact, and none belongs to another
        self,
        engine: Engine,
        image: Image,
        limits: Limits,
        cache: Path,
        *,
        ca: Path | None = None,
        jobs: int = 1,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._engine = engine
        self._image = image
        self._limits = limits
        self._cache = cache
        self._ca = ca
        self._environ = environ or {}
        # More jobs than the container has processors would only take memory.
        self._share = environment(min(jobs, max(1, int(limits.cpus))))

    @property
    def place(self) -> str:
        """Name the image."""
        return f"in the image {self._image.name}"

    def path_of(self, _tree: Path) -> str:
        """Return where each tree is mounted."""
        return SOURCE

    def identity(self) -> str:
        """Name the image by the id of its content."""
        return self._image.id

    def tools(self) -> Tools:
        """Ask the tools in the image who they are: once, since an image never changes."""
        known = self._cache / "toolchains" / f"{self._image.id.removeprefix('sha256:')[:12]}.txt"
        if not known.exists():
            known.parent.mkdir(parents=True, exist_ok=True)
            said = bytearray()
            with self._engine.container(
                ContainerSpec(image=self._image.id, seconds=_SPARE_SECONDS)
            ) as one:
                one.run(["sh", "-c", SCRIPT], on_output=said.extend, timeout=_SPARE_SECONDS)
            write_whole(known, bytes(said))
        return Tools(
            toolchain=spoken(known.read_text(errors="backslashreplace").split("\n")),
            image=self._image.name,
        )

    def environment(self, request: BuildRequest) -> dict[str, str]:
        """Return the variables of the host that the command sees."""
        return decisive(self._environ, request.pass_env)

    search = ""

    def programs(self, _tree: Path) -> Programs:
        """Note none: the image decides."""
        return Programs()

    def run(self, request: BuildRequest, tree: Path, log: Path, progress: Progress) -> int:
        """Run ``request.command`` with ``tree`` at ``/src`` and return its exit status.

        :raises BuildFailed: when it took longer, or more memory, than it may.
        """
        lines = Lines(progress)
        with log.open("ab", buffering=0) as file:

            def note(data: bytes) -> None:
                file.write(data)
                lines.feed(data)

            with self._engine.container(self._order(request, tree)) as container:
                status = self._run(container, request, note)
                if status:
                    self._refuse_broken_limit(container, request, log)
        if status is None:
            raise build_timed_out(request, log)
        return status

    def _run(
        self, container: Container, request: BuildRequest, note: Callable[[bytes], None]
    ) -> int | None:
        try:
            return container.run(
                ["sh", "-c", request.command],
                cwd=SOURCE,
                env={**self.environment(request), **dict(request.env)},
                on_output=note,
                timeout=request.timeout_seconds,
            )
        except EngineDown as error:
            what = f"building '{request.title}' was cut off: {error.what}"
            raise EngineDown(what, why=error.why, fix=error.fix) from error

    def _refuse_broken_limit(self, container: Container, request: BuildRequest, log: Path) -> None:
        """Raise BuildFailed when a build did not fail by itself."""
        limits = self._limits
        if container.out_of_memory:
            word = f"{limits.memory_bytes / 1024**2:.0f} MiB of memory"
            raise _too_much(request, log, word, said=_OUT_OF_MEMORY, setting="memory")
        if container.out_of_processes:
            word = f"{limits.pids} processes"
            raise _too_much(request, log, word, said=_OUT_OF_PROCESSES, setting="pids")
        if container.ended:
            raise _cut_off(request, log)

    def _cargo_home(self, request: BuildRequest) -> Path:
        """Return the folder of this project's crates, made if need be.

        One for all would save downloads, and let the build of one project write what the build of
        another runs: a wrapper of the compiler, an unpacked crate. Cargo's locks order the builds
        of one.
        """
        image = self._image.id.removeprefix("sha256:")[:12]
        folder = self._cache / "cargo-home" / f"{image}-{project_word(request.source)}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _order(self, request: BuildRequest, tree: Path) -> ContainerSpec:
        return ContainerSpec(
            image=self._image.id,
            seconds=request.timeout_seconds + _SPARE_SECONDS,
            binds=(
                Bind(source=tree.resolve(), target=SOURCE),
                Bind(source=self._cargo_home(request).resolve(), target=_CARGO_HOME),
            ),
            environment=(("CARGO_HOME", _CARGO_HOME), ("TERM", "dumb"), *self._share.items()),
            network=request.network,
            memory_bytes=self._limits.memory_bytes,
            cpus=self._limits.cpus,
            pids=self._limits.pids,
            ca=self._ca,
        )


def _too_much(
    request: BuildRequest, log: Path, limit: str, *, said: str, setting: str
) -> BuildFailed:
    with log.open("a") as file:
        file.write(f"\nkaratos: {said}\n")
    return BuildFailed(
        f"building '{request.title}' took more than its {limit}: {said}.",
        why=f"the command was: {printable(request.command)}",
        fix=f"look at {log}; a big build gets more with [build] {setting} in karatos.toml",
    )


def _cut_off(request: BuildRequest, log: Path) -> BuildFailed:
    return BuildFailed(
        f"building '{request.title}' was cut off: its container ended before it did.",
        why="somebody killed or removed it, the Docker daemon was restarted, or the build ended "
        "all processes that it saw.",
        fix=f"run again; the log so far is {log}",
    )


#: A container that machines boot in lives as long as its worker; this bounds a lost one.
_TITLE = "builder image"
_WARM_SECONDS = 4 * 3600.0


class ImageRunner:
    """A :class:`ContainerRunner` whose image, that of ``toolchain``, is made on first use."""

    name = "docker"

    def __init__(self, engine: Engine, place: BuildContext, toolchain: Toolchain) -> None:
        self._engine = engine
        self._place = place
        self._toolchain = toolchain

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
            return ensure_toolchain(self._engine, self._toolchain, progress, settings.cache)
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
            environ=place.environ,
        )

    def close(self) -> None:
        """Close the connections to the daemon."""
        self._engine.close()

    @property
    def place(self) -> str:
        """Name the image."""
        return self._runner.place

    def path_of(self, _tree: Path) -> str:
        """Return where each tree is mounted; no image is made for that."""
        return SOURCE

    def identity(self) -> str:
        """Name the image."""
        return self._runner.identity()

    def tools(self) -> Tools:
        """Name the image and the tools in it."""
        return self._runner.tools()

    def environment(self, request: BuildRequest) -> dict[str, str]:
        """Return the variables of the host that the command sees."""
        return self._runner.environment(request)

    search = ""

    def programs(self, _tree: Path) -> Programs:
        """Note none: the image decides."""
        return Programs()

    def run(self, request: BuildRequest, tree: Path, log: Path, progress: Progress) -> int:
        """Run one build command in a fresh container."""
        return self._runner.run(request, tree, log, progress)

    def warm_container(self, *folders: Path) -> AbstractContextManager[Container]:
        """Return a container without network that sees ``folders`` at their place."""
        binds = tuple(Bind(source=folder, target=str(folder)) for folder in folders)
        order = ContainerSpec(image=self.image.id, seconds=_WARM_SECONDS, binds=binds)
        return self._engine.container(order)
