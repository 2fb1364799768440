#!/usr/bin/env bash
# Unpacks the QEMU of Debian's backports into a folder, beside the one that is installed: the suite
# runs on both.
#
#   qemu-from-backports.sh PREFIX        then: PATH=PREFIX/usr/bin:$PATH qemu-system-arm --version
#
# Nothing is installed and no list of the system's is touched: apt gets a state of its own, and the
# mirror is the one that the system's own package lists name. Everything is unpacked beside PREFIX and
# takes its name in one rename, so a PREFIX that exists is whole.
set -euo pipefail

readonly PREFIX=$(realpath -m -- "${1:?usage: qemu-from-backports.sh PREFIX}")
readonly PACKAGES=(qemu-system-arm qemu-system-riscv qemu-system-common qemu-system-data)

fail() {  # what, fix
    printf 'qemu-from-backports: %s\n  %s\n' "$1" "$2" >&2
    exit 1
}

[[ ! -x $PREFIX/usr/bin/qemu-system-arm ]] || exit 0
release=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
[[ -n $release ]] && command -v apt-get >/dev/null ||
    fail "this is not a Debian." "install a second QEMU by your system's means and put it on PATH"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    grep -E '/debian/?$' | head -n 1 || true)
[[ -n $mirror ]] || mirror=$(sed -nE -e 's/^deb +(\[[^]]*\] +)?(https?:[^ ]+\/debian\/?) .*/\2/p' \
    -e 's/^URIs: *(https?:[^ ]+\/debian\/?)$/\1/p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1)
[[ -n $mirror ]] || fail "the system's package lists name no mirror of Debian." "look at /etc/apt/sources.list"

mkdir -p "$(dirname "$PREFIX")"
work=$(mktemp -d "$PREFIX.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs" "$work/new"
printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s-backports main\n' \
    "$mirror" "$release" > "$work/sources.list"
# apt drops its privileges for downloads, and the folder is ours alone.
apt=(apt-get -qq -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root
     -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=-)
"${apt[@]}" update
(cd "$work/debs" && "${apt[@]}" download "${PACKAGES[@]/%//$release-backports}")
for deb in "$work"/debs/*.deb; do
    dpkg-deb -x "$deb" "$work/new"
done
"$work/new/usr/bin/qemu-system-arm" --version >/dev/null ||
    fail "the QEMU of $release-backports does not start here." "apt-get install qemu-system-arm, whose libraries it shares"
mv "$work/new" "$PREFIX"
