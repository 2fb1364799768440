"""Run the suite on every pytest that we support, from the oldest to the newest.

``nox -s oldest`` is what ``make test`` adds to the run in ``.venv``, which has the newest of all.
``nox`` runs everything that has an interpreter here; ``nox -s tests -p 3.13`` one Python. Those of
pyenv are seen with ``PYENV_VERSION=3.11:3.12:3.13 nox``.
"""

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "venv"
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["tests"]

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
#: Each pytest with the neighbours of its time; the first row is the floor of ``pyproject.toml``.
OLDEST = ("8.4.2", "3.6.1", "4.1.1", "15.1")
GENERATIONS = [OLDEST, ("9.1.1", "3.8.0", "4.2.0", "16.7"), ("9.2.0", "3.8.0", "4.2.0", "16.7")]
#: What needs no container and no toolchain of its own; the rest does not depend on pytest.
SUITES = ["tests/unit", "tests/integration", "tests/plugin"]


def _run(session: nox.Session, generation: tuple[str, str, str, str], suites: list[str]) -> None:
    packages = ("pytest", "pytest-xdist", "pytest-html", "pytest-rerunfailures")
    pins = [f"{name}=={version}" for name, version in zip(packages, generation, strict=True)]
    dev = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "dev")
    others = [one for one in dev if not one.startswith(("mypy", "ruff", "types-", "zizmor", "nox"))]
    session.install("--quiet", "--editable", ".", *others, *pins)
    session.run("python", "-m", "pytest", "-n=auto", *(session.posargs or suites))


@nox.session(python=PYTHONS)
@nox.parametrize("generation", GENERATIONS, ids=[row[0] for row in GENERATIONS])
def tests(session: nox.Session, generation: tuple[str, str, str, str]) -> None:
    """Run tests/unit, tests/integration and tests/plugin on one Python with one pytest."""
    _run(session, generation, SUITES)


@nox.session
def oldest(session: nox.Session) -> None:
    """Run tests/plugin, where pytest and its neighbours matter, with the oldest of all."""
    _run(session, OLDEST, ["tests/plugin"])
