#!/usr/bin/env bash
# Brings a fresh machine to where the suite runs: `ci/setup.sh [python] [qemu] [newer_qemu] [toolchain] [yardsticks] [peers] [tutorial] [docker] [browser]`.
# Each step looks first and does only what is missing, so it is quick the second time and, when it
# was interrupted, goes on where it stopped.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly VENV=.venv
readonly CACHE=${KARATOS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pytest-karatos}

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

as_root() {
    if [[ $(id -u) -eq 0 ]]; then "$@"; return; fi
    command -v sudo >/dev/null || fail "'$*' needs root, and there is no sudo here."
    sudo -n "$@" || fail "'sudo $*' did not work without a password; run it by hand, then again."
}

packages() {  # installs what is missing of the named Debian packages
    local missing=() name
    for name in "$@"; do
        [[ $(dpkg-query -W -f='${Status}' "$name" 2>/dev/null) == *"ok installed" ]] || missing+=("$name")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    command -v apt-get >/dev/null || fail "install these by your system's means: ${missing[*]}"
    say "installing ${missing[*]}"
    # A package list may be old or absent: only then is it fetched, since that takes a while.
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" ||
        { as_root apt-get update -qq &&
          as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}"; }
}

# The virtual environment is made beside its name and stamped with what it was made from.
step_python() {
    local python=${PYTHON:-python3} stamp
    stamp=$(cat pyproject.toml <("$python" -VV) | sha256sum)
    [[ $(cat $VENV/.made-from 2>/dev/null) != "$stamp" ]] || return 0
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$($python -V) is too old: Python 3.11 is needed. Set PYTHON=... to a newer one."
    "$python" -c 'import venv, ensurepip' 2>/dev/null || packages python3-venv
    say "making the virtual environment $VENV"
    rm -f $VENV/.made-from
    [[ -x $VENV/bin/python ]] || "$python" -m venv --clear $VENV
    $VENV/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
    $VENV/bin/python -m pip install --quiet --editable . --group dev
    printf '%s\n' "$stamp" > $VENV/.made-from
}

step_qemu() {
    local program missing=""
    for program in qemu-system-arm qemu-system-riscv32 bwrap; do
        command -v "$program" >/dev/null || missing=yes
    done
    [ -z "$missing" ] || packages qemu-system-arm qemu-system-misc bubblewrap
}

# A second, newer QEMU in a folder: machines behave alike on both, or a test says where not.
step_newer_qemu() {
    ci/qemu-from-backports.sh "$CACHE/qemu-backports"
}

# Bare-metal Rust for builds without Docker, out of Debian's own packages.
step_toolchain() {
    packages rustc-web cargo-web rust-web-src gcc libc6-dev
    local llvm
    llvm=$(/usr/bin/rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
    packages "lld-$llvm"
    docker/bare-metal-rust.sh "$CACHE/toolchain/bare-metal-rust"
}

# What tests compare our figures with: the objcopy of the compiler's LLVM.
step_yardsticks() {
    packages "llvm-$(/usr/bin/rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')"
}

# What `make bench` holds rows of tests against, with this package beside it: one Python for all.
step_peers() {
    local peers=$CACHE/peers stamp
    stamp=$(cat pyproject.toml <(printf '%s\n' "$PWD"; python3 -VV) | sha256sum)
    [[ $(cat "$peers/.made-from" 2>/dev/null) != "$stamp" ]] || return 0
    say "installing pytest-embedded-qemu into $peers"
    mkdir -p "$CACHE"
    $VENV/bin/python -m venv --clear "$peers"
    "$peers/bin/python" -m pip install --quiet pytest-embedded-qemu pexpect --editable '.[docker,xdist]'
    printf '%s\n' "$stamp" > "$peers/.made-from"
}

# What the tutorial tells its reader to install: a test follows the page. (Not qemu: that is a step.)
step_tutorial() {
    packages gcc-arm-none-eabi make
}

# Docker is not installed here: whether a machine may run a root daemon is its owner's decision.
step_docker() {
    docker info >/dev/null 2>&1 ||
        fail "no Docker daemon answers; the container tests need one. Start it (systemctl start docker)."
}

# What the report is looked at with: nobody else needs one.
step_browser() {
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
        command -v google-chrome >/dev/null || packages chromium
}

# What the main job needs: a daemon builds in containers, else this host does.
step_builder() {
    if docker info >/dev/null 2>&1; then say "builds will run in containers"; return; fi
    say "no Docker daemon answers: builds will run on this host"
    step_toolchain
}

for step in "$@"; do
    "step_$step"
done
