"""The ledger as JUnit's XML, in the dialect that pytest writes (xunit2)."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from pytest_karatos.report.shape import LedgerFacts, TestRecord
from pytest_karatos.text import printable

#: What XML 1.0 cannot hold beside what `printable` escapes (https://www.w3.org/TR/xml/#charsets).
_NO_CHARACTERS = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}
_GREEN = ("passed", "xpassed")
#: Outcomes that are not green -> the element that says so; what is neither has not ended.
_ELEMENTS = {
    "failed": "failure",
    "crashed": "failure",
    "error": "error",
    "skipped": "skipped",
    "xfailed": "skipped",
}


def junit(ledger: LedgerFacts) -> bytes:
    """Write the XML: a case for each test, what was wrong, and its figures as properties."""
    tests, run = ledger["tests"], ledger["run"]
    top = ET.Element("testsuites", {"name": "pytest tests"})
    suite = ET.SubElement(top, "testsuite", {"name": "pytest", **_counts(tests)})
    suite.set("time", f"{run.get('seconds', 0.0):.3f}")
    suite.set("timestamp", _text(run.get("started", "")))
    for one in tests:
        _add_case(suite, one)
    written: bytes = ET.tostring(top, encoding="utf-8", xml_declaration=True)
    return written


def _counts(tests: Sequence[TestRecord]) -> dict[str, str]:
    elements = [_element(one) for one in tests]
    words = {"errors": "error", "failures": "failure", "skipped": "skipped"}
    return {
        **{word: str(elements.count(element)) for word, element in words.items()},
        "tests": str(len(tests)),
    }


def _add_case(suite: ET.Element, test: TestRecord) -> None:
    file, _, name = test["id"].partition("::")
    head, bracket, parameters = name.partition("[")
    *classes, last = head.split("::")
    module = file.removesuffix(".py").replace("/", ".")
    attributes = {
        "classname": _text(".".join([module, *classes])),
        "name": _text(f"{last}{bracket}{parameters}"),
        "time": f"{test['seconds']:.3f}",
    }
    case = ET.SubElement(suite, "testcase", attributes)
    if test["measurements"] or test["board"]:
        _add_properties(case, test)
    if element := _element(test):
        said = test["message"] or f"it did not come to its end {test['outcome']}".strip()
        found = ET.SubElement(case, element, {"message": _text(said)})
        found.text = _text(test["details"] or said)


def _element(test: TestRecord) -> str:
    outcome = test["outcome"]
    return "" if outcome in _GREEN else _ELEMENTS.get(outcome, "error")


def _add_properties(case: ET.Element, test: TestRecord) -> None:
    properties = ET.SubElement(case, "properties")
    told = {word: test[word] for word in ("board", "arch", "profile") if test[word]}
    figures = {one["name"]: f"{one['value']:g} {one['unit']}".strip() for one in
               test["measurements"]}  # fmt: skip
    for name, value in {**told, **figures}.items():
        attributes = {"name": _text(f"karatos_{name}"), "value": _text(value)}
        ET.SubElement(properties, "property", attributes)


def _text(text: str) -> str:
    return printable(text).translate(_NO_CHARACTERS)
