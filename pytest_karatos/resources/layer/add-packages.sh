#!/bin/sh
# Install Debian packages into an image. Usage: add-packages.sh PACKAGE[=VERSION]...
# A line that begins with "karatos: " becomes the failure; behind " | " stands the way out.
set -eu
export DEBIAN_FRONTEND=noninteractive

fail() { echo "karatos: packages: $1 | $2"; exit 1; }

command -v apt-get >/dev/null ||
    fail "the image has no apt-get, so no Debian package can be added to it" \
        "install what is needed in its Dockerfile, and leave [toolchain] packages out"
# An image is written in one go or not at all: nothing in it needs to survive a crash meanwhile.
printf '%s\n' force-unsafe-io 'path-exclude=/usr/share/doc/*' 'path-exclude=/usr/share/man/*' \
    'path-exclude=/usr/share/locale/*' >/etc/dpkg/dpkg.cfg.d/pytest-karatos-layer
apt-get -o Acquire::Languages=none update
# By its exact name: an unknown one with a dot in it could be taken for a pattern.
for package in "$@"; do
    name=${package%%=*}
    apt-cache show --no-all-versions "$name" >/dev/null 2>&1 ||
        fail "the image's Debian ($(. /etc/os-release; echo "${VERSION_CODENAME:-unknown}")) has no package '$name'" \
            "look for its name on https://packages.debian.org, or name an image that has it: [toolchain] image"
done
# Our own image leaves out most of what Perl is made of; what uses more of it needs it back.
modules=$(dpkg-query -W -f='${db:Status-Abbrev}${Package}\n' 'perl-modules-*' 2>/dev/null | sed -n 's/^ii *//p')
if [ -n "$modules" ] && [ ! -d /usr/share/perl ]; then
    # shellcheck disable=SC2086  # words
    apt-get install -y --reinstall --no-install-recommends $modules
fi
apt-get install -y --no-install-recommends "$@" ||
    fail "apt-get could not install $*" "read what apt-get said"
rm -rf /etc/dpkg/dpkg.cfg.d/pytest-karatos-layer /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt
