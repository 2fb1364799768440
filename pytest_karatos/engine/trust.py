"""Let a container trust what the host trusts: behind a proxy that re-signs, nothing works else."""

from collections.abc import Mapping
from pathlib import Path

#: Where the bundle is in the container: Debian's place, which most programs look at.
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"

#: Debian and its kin, Fedora and its kin, openSUSE, Alpine.
_PLACES = (
    BUNDLE,
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)

#: Programs that look elsewhere are told.
VARIABLES = dict.fromkeys(
    (
        "SSL_CERT_FILE",
        "CARGO_HTTP_CAINFO",
        "GIT_SSL_CAINFO",
        "CURL_CA_BUNDLE",
        "PIP_CERT",
        "REQUESTS_CA_BUNDLE",
    ),
    BUNDLE,
)


def host_ca(environ: Mapping[str, str]) -> Path | None:
    """Find the host's bundle: ``SSL_CERT_FILE`` if set, else where distributions keep it.

    >>> host_ca({"SSL_CERT_FILE": "/proc/self/status"})
    PosixPath('/proc/self/status')
    """
    places = (environ.get("SSL_CERT_FILE", ""), *_PLACES)
    return next(
        (Path(place).absolute() for place in places if place and Path(place).is_file()), None
    )
