"""Run a build command in a container: the same tools everywhere, and limits on what it takes."""

from pathlib import Path

from pytest_karatos.artifacts.files import write_whole
from pytest_karatos.build.image import Image
from pytest_karatos.build.local import Lines, out_of_time
from pytest_karatos.build.slots import environment
from pytest_karatos.build.tools import SCRIPT, Tools, spoken
from pytest_karatos.engine import Bind, Engine, Order
from pytest_karatos.errors import BuildFailed
from pytest_karatos.firmware import BuildRequest
from pytest_karatos.progress import Progress
from pytest_karatos.settings.record import Limits

#: Where the tree is in the container: always the same, so that outputs do not depend on the host.
SOURCE = "/src"
_CARGO_HOME = "/cargo"
#: The container outlives the command's own limit by this, so that we are who ends it.
_SPARE_SECONDS = 60.0
_OUT_OF_MEMORY = "\nkaratos: the kernel killed a process of this build: out of memory\n"


class ContainerRunner:
    """Runs commands in a fresh container of ``image``, with a cargo home that stays.

    ``ca`` is the host's bundle of trusted certificates (:func:`pytest_karatos.engine.host_ca`);
    ``jobs`` is how many jobs a build may run at once.
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
    ) -> None:
        self._engine = engine
        self._image = image
        self._limits = limits
        self._cache = cache
        self._ca = ca
        # More jobs than the container has processors would only take memory.
        self._share = environment(min(jobs, max(1, int(limits.cpus))))

    def identity(self) -> str:
        """Name the image by the id of its content."""
        return self._image.id

    def tools(self) -> Tools:
        """Ask the tools in the image who they are: once, since an image never changes."""
        known = self._cache / "toolchains" / f"{self._image.id.removeprefix('sha256:')[:12]}.txt"
        if not known.exists():
            known.parent.mkdir(parents=True, exist_ok=True)
            said = bytearray()
            with self._engine.container(Order(image=self._image.id, seconds=_SPARE_SECONDS)) as one:
                one.run(["sh", "-c", SCRIPT], on_output=said.extend, timeout=_SPARE_SECONDS)
            write_whole(known, bytes(said))
        return Tools(
            toolchain=spoken(known.read_text(errors="backslashreplace").split("\n")),
            image=self._image.name,
        )

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
                status = container.run(
                    ["sh", "-c", request.command],
                    cwd=SOURCE,
                    env=dict(request.env),
                    on_output=note,
                    timeout=request.timeout_seconds,
                )
                if status != 0 and container.out_of_memory:
                    file.write(_OUT_OF_MEMORY.encode())
                    raise self._out_of_memory(request, log)
        if status is None:
            raise out_of_time(request, log)
        return status

    def _order(self, request: BuildRequest, tree: Path) -> Order:
        # Crates are downloaded once per image; cargo's own locks order concurrent builds.
        cargo_home = self._cache / "cargo-home" / self._image.id.removeprefix("sha256:")[:12]
        cargo_home.mkdir(parents=True, exist_ok=True)
        return Order(
            image=self._image.id,
            seconds=request.timeout_seconds + _SPARE_SECONDS,
            binds=(
                Bind(source=tree.resolve(), target=SOURCE),
                Bind(source=cargo_home.resolve(), target=_CARGO_HOME),
            ),
            environment=(("CARGO_HOME", _CARGO_HOME), ("TERM", "dumb"), *self._share.items()),
            network=True,
            memory_bytes=self._limits.memory_bytes,
            cpus=self._limits.cpus,
            pids=self._limits.pids,
            ca=self._ca,
        )

    def _out_of_memory(self, request: BuildRequest, log: Path) -> BuildFailed:
        return BuildFailed(
            f"building '{request.title}' took more than its "
            f"{self._limits.memory_bytes / 1024**2:.0f} MiB of memory and the kernel killed it.",
            why=f"the command was: {request.command}",
            cure=f"look at {log}; a big build gets more with [build] memory in karatos.toml",
        )
