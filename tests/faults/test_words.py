"""What a firmware prints, in the one report that pytest itself writes: JUnit's XML."""

from pathlib import Path
from xml.etree import ElementTree as ET

from tests.emulated.test_killed_runs import folder
from tests.emulated.tiny_guest import image
from tests.faults.inner import run_in

__all__ = ["folder"]

_HOSTILE = b"]]><evil/>\x1b[31m\x00\x07\xef\xbf\xbe &amp; <!-- ]]>\n"
_TEST = """
def test_it(console):
    console.expect("up")
    print(console.text)
    console.expect("never", timeout=0.1)
"""


def test_what_is_no_xml(folder: Path) -> None:
    (folder / "test_it.py").write_text(_TEST)
    image(folder, "arm", ("say", _HOSTILE), ("say", b"up\n"), ("spin",))
    run_in(folder, "--junit-xml=out.xml")
    root = ET.parse(folder / "out.xml").getroot()  # noqa: S314 - ours
    suite = next(root.iter("testsuite"))
    assert (suite.get("failures"), suite.get("errors")) == ("1", "0")
    assert "]]><evil/>" in (next(root.iter("failure")).text or "")
    assert not list(root.iter("evil"))
