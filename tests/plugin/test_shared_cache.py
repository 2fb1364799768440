"""Two machines share what they built: caches of their own, a folder or S3 between them."""

import subprocess
import sys
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest

from tests.plugin.guests import Guests

TEST = 'def test_boots(console):\n    console.expect("boot")\n'
LEAN = ("-p", "no:html", "-p", "no:metadata", "-p", "no:hypothesispytest", "-p", "no:xdist")
APART = ("unshare", "--net", sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *LEAN)


def on_a_machine(guests: Guests, name: str, monkeypatch: pytest.MonkeyPatch) -> pytest.RunResult:
    """Run in a network of its own, with a cache of its own."""
    monkeypatch.setenv("KARATOS_CACHE", str(guests.pytester.path / name))
    return guests.pytester.run(*APART)


def test_two_machines_share_a_folder(guests: Guests, monkeypatch: pytest.MonkeyPatch) -> None:
    guests.tests(test_it=TEST)
    shared = guests.pytester.path.parent / f"{guests.pytester.path.name}-shared"
    monkeypatch.setenv("KARATOS_CACHE_REMOTE", f"file://{shared}")
    for name, built in (("a", "1 built, 0 cached"), ("b", "0 built, 1 cached")):
        result = on_a_machine(guests, name, monkeypatch)
        result.assert_outcomes(passed=1)
        result.stdout.fnmatch_lines([built])
    # Altered there: built again, and said, and the run is green all the same.
    (packed,) = shared.rglob("*.tar.gz")
    packed.write_bytes(b"another firmware")
    result = on_a_machine(guests, "c", monkeypatch)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["1 built, 0 cached", "*another digest than its name*"])


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """S3, as moto's server plays it, with one bucket."""
    argv = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    server = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    try:
        address = next(line for line in server.stderr if "Running on" in line).split()[-1]
        for name, value in {
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "y",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        urlopen(Request(f"{address}/firmware", method="PUT"), timeout=60).close()  # noqa: S310 - ours
        yield "s3://firmware/builds"
    finally:
        server.kill()
        server.wait()
        server.stderr.close()


def test_two_machines_share_a_bucket(
    guests: Guests, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    guests.tests(test_it=TEST)
    monkeypatch.setenv("KARATOS_CACHE_REMOTE", bucket)
    for name, built in (("a", "1 built, 0 cached"), ("b", "0 built, 1 cached")):
        monkeypatch.setenv("KARATOS_CACHE", str(guests.pytester.path / name))
        result, _ = guests.run(*LEAN)
        result.assert_outcomes(passed=1)
        result.stdout.fnmatch_lines([built])
        result.stdout.no_fnmatch_line("*cannot be used*")
    # A bucket that is not there is said, and nothing is red for it.
    monkeypatch.setenv("KARATOS_CACHE", str(guests.pytester.path / "c"))
    monkeypatch.setenv("KARATOS_CACHE_REMOTE", "s3://nobody/builds")
    result, _ = guests.run(*LEAN)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["1 built, 0 cached", "the shared cache s3://nobody/builds cannot*"]
    )


def test_an_address_that_cannot_be_stops_the_run(
    guests: Guests, monkeypatch: pytest.MonkeyPatch
) -> None:
    guests.tests(test_it=TEST)
    monkeypatch.setenv("KARATOS_CACHE_REMOTE", "s3:/firmware")
    result, _ = guests.run(*LEAN)
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*KARATOS_CACHE_REMOTE: s3:/firmware is no address*"])
