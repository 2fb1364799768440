#!/bin/sh
# Name all three suites of the release, on the mirrors that the base image already uses: a base made
# by debootstrap alone knows only the first, and the security suite is where the newer Rust is.
set -eu
urls="$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources \
    2>/dev/null | sed -nE -e 's/^deb +(\[[^]]*\] +)?(https?:[^ ]+) .*/\2/p' \
    -e 's/^URIs: *(https?:[^ ]+).*/\1/p')"
main="$(echo "$urls" | grep -vE 'debian-security/?$' | grep . | head -n 1 || true)"
security="$(echo "$urls" | grep -E 'debian-security/?$' | head -n 1 || true)"
[ -n "$main" ] || { echo "apt-sources: the base image names no package mirror" >&2; exit 1; }
# Mirrors keep the security archive beside the main one, under this name.
security="${security:-${main%/}-security}"
rm -f /etc/apt/sources.list.d/*
cat >/etc/apt/sources.list <<SOURCES
deb $main bookworm main
deb $main bookworm-updates main
deb $security bookworm-security main
SOURCES
