#!/bin/sh
# Make the image `debian:bookworm-slim` out of Debian packages, for machines where no image
# registry answers but a package mirror does. Usage: base-without-registry.sh [IMAGE]
#
# Needs root (or sudo without a password) because debootstrap makes device nodes and runs chroot.
# Nothing is left behind when interrupted: the image appears at once, in the last step, or not at all.
set -eu

image="${1:-debian:bookworm-slim}"
release=bookworm

if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "base image: needs root or sudo" >&2; exit 1; }
    exec sudo -n --preserve-env=DOCKER_HOST,DOCKER_CONTEXT,http_proxy,https_proxy,no_proxy \
        sh "$0" "$image"
fi
command -v docker >/dev/null || { echo "base image: needs the docker command" >&2; exit 1; }

# The host's own mirror, if it is a Debian: in a closed network it may be the only one that answers.
# Reads both formats of apt ("deb URL suite ..." and "URIs: URL").
mirrors() {
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources \
        2>/dev/null | sed -nE \
        -e 's/^deb +(\[[^]]*\] +)?(https?:[^ ]+) .*/\2/p' -e 's/^URIs: *(https?:[^ ]+).*/\1/p'
}
mirror="$(mirrors | grep -E '/debian/?$' | head -n 1 || true)"
security="$(mirrors | grep -E '/debian-security/?$' | head -n 1 || true)"

if ! command -v debootstrap >/dev/null; then
    echo "base image: installing debootstrap"
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends debootstrap ||
        { apt-get update && DEBIAN_FRONTEND=noninteractive \
            apt-get install -y --no-install-recommends debootstrap; }
fi

# Not /tmp: it may be mounted nodev or noexec, and debootstrap needs both.
work="$(mktemp -d /var/tmp/pytest-karatos-base.XXXXXX)"
# debootstrap mounts /proc and /sys below its root while it works.
trap 'umount "$work/root/proc" "$work/root/sys" 2>/dev/null || true
      rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
root="$work/root"

echo "base image: bootstrapping Debian $release from ${mirror:-the mirror that debootstrap knows}"
if ! debootstrap --variant=minbase --include=ca-certificates "$release" "$root" ${mirror:+"$mirror"} \
    >"$work/log" 2>&1; then
    tail -n 20 "$work/log" "$root/debootstrap/debootstrap.log" >&2 2>/dev/null || true
    echo "base image: debootstrap failed" >&2
    exit 1
fi

# debootstrap has written down which mirror it took; the security archive lies beside the main one.
mirror="$(sed -nE 's/^deb +(https?:[^ ]+) .*/\1/p' "$root/etc/apt/sources.list" | head -n 1)"
security="${security:-${mirror%/}-security}"

# The suites that the registry's image has: without security, Rust would be 1.85 instead of 1.96.
cat >"$root/etc/apt/sources.list" <<SOURCES
deb $mirror $release main
deb $mirror $release-updates main
deb $security $release-security main
SOURCES
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/var/log/*
rm -rf "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/locale/*

echo "base image: importing as $image"
tar -C "$root" --numeric-owner --one-file-system -c . |
    docker import --change 'CMD ["bash"]' \
        --change 'LABEL org.pytest-karatos.base=debootstrap' - "$image"
