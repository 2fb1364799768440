"""The verdict on a run's coverage, its lines on the terminal, and its files."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from pytest_karatos.artifacts.files import write_json, write_whole
from pytest_karatos.errors import BadSetting
from pytest_karatos.measure.coverage import counts_of
from pytest_karatos.report.coverage.cobertura import cobertura
from pytest_karatos.report.coverage.gather import Told, gather, sources_of
from pytest_karatos.report.coverage.lcov import lcov
from pytest_karatos.report.shape import CoverageFacts, TestRecord
from pytest_karatos.settings import CoverageSpec, Settings
from pytest_karatos.text import aligned

PAGE = "index.html"


def told_of(tests: Iterable[TestRecord], settings: Settings) -> Told:
    """Sum up what the boots of ``tests`` executed of the sources that the settings mean."""
    return gather(tests, sources_of(settings))


def refused(told: Told, spec: CoverageSpec) -> str:
    """Say why a run is red for its coverage; empty when it is not.

    What could not be measured is not enough either.
    """
    counts = told.counts
    if spec.fail_under is None:
        return ""
    wanted = f"{spec.fail_under:g} % ({spec.fail_under_origin})"
    if not counts.lines:
        return f"coverage: not one line could be judged, and fail_under = {wanted} asks for it"
    # 79.96 % is not 80 %, however it is rounded.
    if counts.percent < spec.fail_under:
        return (
            f"coverage is {counts.percent:.2f} % ({counts.covered} of {counts.lines} lines), "
            f"less than fail_under = {wanted}"
        )
    return ""


def facts(told: Told, folder: Path) -> list[CoverageFacts]:
    """Return what the ledger keeps."""
    rows = {**{name: counts_of(part) for name, part in told.targets.items()}, "": told.counts}
    return [
        {
            "target": name,
            "lines": one.lines,
            "covered": one.covered,
            "functions": one.functions,
            "covered_functions": one.covered_functions,
            "page": str(folder.absolute() / PAGE),
        }
        for name, one in rows.items()
    ]


def lines(told: Told) -> Iterator[str]:
    """Make the lines of the terminal: a row for each target, one for all, and what is not known."""
    each = [*((name, counts_of(part)) for name, part in told.targets.items())]
    if len(each) != 1:
        each.append(("together", told.counts))
    rows = [
        (
            name,
            f"{one.percent:.1f} %",
            f"{one.covered} of {one.lines}",
            f"{one.covered_functions} of {one.functions}",
        )
        for name, one in each
    ]
    yield from aligned([("coverage", "", "lines", "functions"), *rows], right=(1, 2, 3))
    yield from (f"coverage: {trouble}" for trouble in told.troubles)


def write(told: Told, folder: Path, source: Path, when: float) -> None:
    """Write all formats into ``folder``: a page, lcov, Cobertura, and JSON by test.

    :raises BadSetting: when they cannot be written.
    """
    everything = told.all
    by_test = {
        name: {str(line): sorted(who) for line, who in sorted(one.lines.items())}
        for name, one in sorted(everything.items())
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / "lcov.info", f"{lcov(everything)}\n".encode(errors="replace"))
        write_whole(folder / "cobertura.xml", cobertura(everything, str(source), when))
        _write_page(told, folder, source)
        write_json(folder / "coverage.json", {"files": by_test})
    except OSError as error:
        raise BadSetting(
            f"the coverage report in {folder} cannot be written: {error}.",
            fix="make room there, or choose another --karatos-artifacts=DIR",
        ) from error


def _write_page(told: Told, folder: Path, source: Path) -> None:
    """Write the page where Jinja is installed, as it is with the extra ``html``."""
    with suppress(ModuleNotFoundError):
        page = import_module("pytest_karatos.report.coverage.page").page
        write_whole(folder / PAGE, page(told, source).encode(errors="replace"))


def place(folder: Path, shown: str) -> str:
    """Say which file of ``folder``, as people are ``shown`` it, to look at first."""
    if (folder / PAGE).is_file():
        return f"coverage report, with lcov.info and cobertura.xml beside it: {shown}/{PAGE}"
    return (
        f"coverage, with cobertura.xml beside it: {shown}/lcov.info "
        "(a page comes with pip install 'pytest-karatos[html]')"
    )
