"""A daemon that has other files than we: trees cannot be mounted, and a sentence says why."""

import sys

import pytest

from tests.plugin.guests import Guests

#: What is below the folder then, nobody outside of this mount namespace sees, the daemon included.
ELSEWHERE = 'mount -t tmpfs none "$KARATOS_CACHE" && exec "$0" "$@"'


def test_a_daemon_elsewhere_says_why_not(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    guests = Guests(pytester)
    toml = pytester.path / "karatos.toml"
    toml.write_text(toml.read_text().replace('"local"', '"docker"'))
    guests.tests(test_it="def test_boots(console):\n    console.expect('boot')\n")
    cache = pytester.mkdir("cache")
    monkeypatch.setenv("KARATOS_CACHE", str(cache))
    pytest_ = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:html")
    result = pytester.run("unshare", "--mount", "sh", "-c", ELSEWHERE, *pytest_)
    assert result.ret != 0
    result.stdout.fnmatch_lines(
        ["*the Docker daemon does not see this machine's files*", "*--karatos-builder=local*"]
    )
