#!/bin/sh
# Unpack what bare-metal-rust.sh needs of rust-web-src: core, alloc and what they are made of. The whole
# package is 400 MB in 40,000 files, which takes minutes to install where disks are slow.
# Needs package lists (apt-get update). Leaves /usr/src/rustc-RELEASE/library.
set -eu
version=$(dpkg-query -W -f='${Version}' rustc-web)
folder=$(mktemp -d)
cd "$folder"
apt-get -o APT::Sandbox::User=root download "rust-web-src=$version"
dpkg-deb --fsys-tarfile ./*.deb | tar -x -C / --wildcards \
    './usr/src/rustc-*/library/Cargo.*' \
    './usr/src/rustc-*/library/core/*' \
    './usr/src/rustc-*/library/alloc/*' \
    './usr/src/rustc-*/library/compiler-builtins/*' \
    './usr/src/rustc-*/library/stdarch/*' \
    './usr/src/rustc-*/library/portable-simd/*'
cd /
rm -rf "$folder"
