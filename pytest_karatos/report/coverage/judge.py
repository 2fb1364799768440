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
    one = told.counts
    lines = ("line", "lines", one.covered, one.lines)
    branches = ("way of a branch", "ways of branches", one.covered_branches, one.branches)
    least, origin = spec.fail_under_branches, spec.fail_under_branches_origin
    refusals = (
        _refused(spec.fail_under, f"fail_under = {{}} % ({spec.fail_under_origin})", lines),
        _refused(least, f"fail_under_branches = {{}} % ({origin})", branches),
    )
    return "; ".join(filter(None, refusals))


def _refused(least: float | None, said: str, found: tuple[str, str, int, int]) -> str:
    one, many, covered, whole = found
    if least is None:
        return ""
    wanted = said.replace("{}", f"{least:g}")
    if not whole:
        return f"coverage: not one {one} could be judged, and {wanted} asks for it"
    percent = 100.0 * covered / whole
    # 79.96 % is not 80 %, however it is rounded.
    if percent < least:
        return f"coverage is {percent:.2f} % ({covered} of {whole} {many}), less than {wanted}"
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
            "branches": one.branches,
            "covered_branches": one.covered_branches,
            "unsure_branches": one.unsure_branches,
            "page": str(folder.absolute() / PAGE),
        }
        for name, one in rows.items()
    ]


def lines(told: Told) -> Iterator[str]:
    """Make the lines of the terminal: a row for each target, one for all, and what is not known."""
    each = [*((name, counts_of(part)) for name, part in told.targets.items())]
    if len(each) != 1:
        each.append(("together", told.counts))
    has_branches = bool(told.counts.branches)
    rows = [
        (
            name,
            f"{one.percent:.1f} %",
            f"{one.covered} of {one.lines}",
            f"{one.covered_functions} of {one.functions}",
            *([f"{one.covered_branches} of {one.branches}"] if has_branches else []),
        )
        for name, one in each
    ]
    head = ("coverage", "", "lines", "functions", *(["branches"] if has_branches else []))
    yield from aligned([head, *rows], right=range(1, len(head)))
    yield from (f"coverage: {trouble}" for trouble in told.troubles)
    if unsure := told.counts.unsure_branches:
        yield (
            f"coverage: of {unsure} branches it is uncertain which way they went, or whether they "
            "are code; they do not count"
        )


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
