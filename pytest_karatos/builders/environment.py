"""The environment of a build: an allow-list, so that what a build can see is in its key.

What is not listed is not passed. Builds everywhere see the compilers' own variables; those on this
host also see where its tools and kits are. All of that is hashed. A few that only say how a build
gets along here (``PATH``, which is judged by the programs that ran; folders for temporary files,
proxies, certificates, the number of jobs) are passed and not hashed.
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

#: What compilers, cargo, make and CMake are told, wherever they run.
EVERYWHERE = (
    *("CC", "CXX", "CPP", "AS", "LD", "AR", "NM", "RANLIB", "OBJCOPY", "OBJDUMP", "STRIP", "SIZE"),
    *("CFLAGS", "CXXFLAGS", "CPPFLAGS", "ASFLAGS", "LDFLAGS", "ARFLAGS", "LDLIBS"),
    *("CFLAGS_*", "CXXFLAGS_*", "CC_*", "CXX_*", "AR_*", "HOSTCC", "HOST_*", "TARGET_*"),
    *("CROSS_COMPILE", "CROSS_*", "RUSTFLAGS", "RUSTDOCFLAGS", "RUST_TARGET_PATH"),
    *("CARGO_BUILD_*", "CARGO_PROFILE_*", "CARGO_TARGET_*", "CARGO_ENCODED_*", "CARGO_UNSTABLE_*"),
    *("CARGO_INCREMENTAL", "CARGO_NET_*", "CARGO_REGISTR*", "CMAKE_*", "SOURCE_DATE_EPOCH"),
    *("LANG", "LANGUAGE", "LC_*", "TZ"),
)
#: Where the host's tools and kits are: nothing to a container.
HERE = (
    *("HOME", "CARGO_HOME", "CARGO_TARGET_DIR", "RUSTUP_*", "RUSTC*", "XDG_*", "LD_LIBRARY_PATH"),
    *("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "COMPILER_PATH", "GCC_*"),
    *(
        "PYTHONPATH",
        "PYTHONHOME",
        "VIRTUAL_ENV",
        "PKG_CONFIG*",
        "CCACHE_*",
        "SCCACHE_*",
        "LIBCLANG_*",
    ),
    *("ARMGCC_DIR", "GNUARMEMB_TOOLCHAIN_PATH", "ZEPHYR_*", "IDF_*", "ESP_*", "PICO_*", "RIOT*"),
    *("NRF*", "MBED_*", "STM32*", "XTENSA_*", "RISCV", "RISCV_*", "TOOLCHAIN*", "*_TOOLCHAIN_PATH"),
    *("*_SDK_PATH", "*_SDK_DIR"),
)
#: How a build gets along on this host, which does not decide what it makes.
NOT_HASHED = (
    *("PATH", "TMPDIR", "TEMP", "TMP", "TERM", "USER", "LOGNAME", "SHELL", "SSH_AUTH_SOCK"),
    *("http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "CARGO_HTTP_*", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE"),
    *("CARGO_BUILD_JOBS", "CMAKE_BUILD_PARALLEL_LEVEL", "KARATOS_JOBS", "XDG_RUNTIME_DIR"),
)


def decisive(
    environ: Mapping[str, str], more: Iterable[str] = (), *, here: bool = False
) -> dict[str, str]:
    """Return the variables that a build sees and that are hashed; ``more`` are a user's patterns.

    ``here`` is whether the build runs on this host.

    >>> decisive({"CFLAGS": "-O1", "TOKEN": "x", "HOME": "/h", "PATH": "/bin", "GO": "1"}, ["G*"])
    {'CFLAGS': '-O1', 'GO': '1'}
    """
    allowed = (*EVERYWHERE, *more) if not here else (*EVERYWHERE, *HERE, *more)
    elsewhere = () if here else HERE
    own = tuple(more)
    return {
        name: value
        for name, value in sorted(environ.items())
        if _matches(name, allowed)
        and (_matches(name, own) or not _matches(name, (*NOT_HASHED, *elsewhere)))
    }


def visible(environ: Mapping[str, str], more: Iterable[str] = ()) -> dict[str, str]:
    """Return all variables that a build on this host sees.

    >>> visible({"PATH": "/bin", "HOME": "/h", "TOKEN": "x"})
    {'HOME': '/h', 'PATH': '/bin'}
    """
    rest = {name: value for name, value in environ.items() if _matches(name, NOT_HASHED)}
    return decisive(environ, more, here=True) | rest


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
