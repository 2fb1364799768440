#!/bin/sh
# Add Rust targets to an image. Usage: add-targets.sh TRIPLE...
# The builder image's Rust is Debian's, for which core is built here; others have rustup.
# A line that begins with "karatos: " becomes the failure; behind " | " stands the way out.
set -eu
export DEBIAN_FRONTEND=noninteractive
here=$(dirname "$0")
ours=/opt/bare-metal-rust

fail() { echo "karatos: targets: $1 | $2"; exit 1; }

build() {  # [--check] TRIPLE...; that script complains in two lines: what, and the way out
    words=
    for word in "$@"; do
        case $word in --*) words="$words $word" ;; *) words="$words --target=$word" ;; esac
    done
    # shellcheck disable=SC2086  # words
    if bash "$here/bare-metal-rust.sh" "$ours" $words 2>"$here/said"; then return 0; fi
    cat "$here/said"
    cure=$(tail -n 1 "$here/said" | sed 's/^ *//')
    case $cure in "the whole log"*) cure="read what the compiler said, or name an image that has the target: [toolchain] image" ;; esac
    fail "$(sed -n 's/^bare-metal-rust: \(.*\)\.$/\1/p' "$here/said" | tail -n 1)" "$cure"
}

with_ours() {
    build --check "$@"
    apt-get -o Acquire::Languages=none update
    sh "$here/core-sources.sh" ||
        fail "Debian has the sources no more of the rustc that the builder image was made with" \
            "remove that image, so that it is made anew: docker image rm --force \$(docker image ls -q pytest-karatos-builder)"
    build "$@"
    # In this very step, so that sources are in no layer.
    rm -rf /usr/src/rustc-* /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt
}

if [ -d "$ours" ]; then
    with_ours "$@"
elif command -v rustup >/dev/null; then
    rustup target add "$@" || fail "rustup in the image could not add $*" "read what rustup said"
else
    fail "the image has neither the builder image's Rust nor rustup, so no target can be added to it" \
        "install the targets in its Dockerfile, and leave [toolchain] targets out"
fi
for target in "$@"; do
    folder=$(rustc --print target-libdir --target "$target")
    ls "$folder"/libcore-*.rlib >/dev/null ||
        fail "core for $target was added, and rustc does not find it in $folder" "see which rustc is first on PATH"
done
