"""The coverage of a run as Cobertura's XML, which GitLab, Jenkins and Azure read."""

from pathlib import PurePosixPath
from xml.etree import ElementTree as ET

from pytest_karatos.measure.coverage import Counts, Coverage, FileCoverage, counts_of
from pytest_karatos.text import printable


def cobertura(coverage: Coverage, source: str, when: float) -> bytes:
    """Write the XML; files are named as in the tree, which is at ``source``.

    >>> one = FileCoverage(lines={3: {"test_a"}, 4: set()})
    >>> b'line-rate="0.5"' in cobertura({"main.c": one}, "/src", 0.0)
    True
    """
    root = ET.Element("coverage", _rates(counts_of(coverage)) | {"version": "pytest-karatos"})
    root.set("timestamp", str(int(when)))
    sources = ET.SubElement(root, "sources")
    ET.SubElement(sources, "source").text = printable(source)
    packages = ET.SubElement(root, "packages")
    for folder in sorted({_folder(name) for name in coverage}):
        inside = {name: one for name, one in coverage.items() if _folder(name) == folder}
        attributes = {"name": printable(folder), "complexity": "0", **_rates(counts_of(inside))}
        package = ET.SubElement(packages, "package", attributes)
        classes = ET.SubElement(package, "classes")
        for name, one in sorted(inside.items()):
            _add_class(classes, name, one)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _add_class(classes: ET.Element, name: str, one: FileCoverage) -> None:
    name = printable(name)
    attributes = {"name": PurePosixPath(name).name, "filename": name, "complexity": "0"}
    found = ET.SubElement(classes, "class", attributes | _rates(one.counts))
    ET.SubElement(found, "methods")
    lines = ET.SubElement(found, "lines")
    for number, who in sorted(one.lines.items()):
        found = ET.SubElement(lines, "line", {"number": str(number), "hits": str(len(who))})
        if branches := one.branches_of(number):
            went, all_ways = sum(ways.went for ways in branches), 2 * len(branches)
            found.set("branch", "true")
            share = f"{100 * went // all_ways}% ({went}/{all_ways})"
            found.set("condition-coverage", share)


def _rates(counts: Counts) -> dict[str, str]:
    rate = counts.covered / counts.lines if counts.lines else 0.0
    return {
        "line-rate": f"{rate:.4g}",
        "branch-rate": f"{counts.branch_percent / 100:.4g}",
        "branches-valid": str(counts.branches),
        "branches-covered": str(counts.covered_branches),
        "lines-valid": str(counts.lines),
        "lines-covered": str(counts.covered),
    }


def _folder(name: str) -> str:
    return str(PurePosixPath(name).parent)
