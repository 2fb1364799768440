#!/usr/bin/env bash
# Makes a bare-metal Rust toolchain out of a distribution's own packages: they ship no core for
# thumbv7m or riscv32, and there is no rustup where there is no registry to download from.
#
#   bare-metal-rust.sh PREFIX [--check] [--target TRIPLE]...
#
# With --check it only tells whether these targets can be made, for which it needs no sources.
# Needs (Debian): rustc-web cargo-web rust-web-src lld-NN, where NN is the LLVM that rustc reports.
# Leaves PREFIX/sysroot (core, alloc, compiler_builtins of each target; the host's own libraries by
# link, so that build scripts and procedural macros work) and PREFIX/bin: rustc, cargo, rust-lld, rustup.
#
# Everything is built beside PREFIX and takes its name in one rename: a PREFIX that exists is whole.
# An interrupted run goes on where it stopped; a run with nothing to do takes well under a second.
set -euo pipefail

readonly RECIPE=2  # raise it when what this script makes changes, so that old results are remade
readonly RUSTC=/usr/bin/rustc CARGO=/usr/bin/cargo
readonly DEFAULT_TARGETS=(thumbv7m-none-eabi riscv32imac-unknown-none-elf)

fail() {  # what, cure
    printf 'bare-metal-rust: %s\n  %s\n' "$1" "$2" >&2
    exit 1
}

usage() {
    fail "$1" "usage: bare-metal-rust.sh PREFIX [--check] [--target TRIPLE]..."
}

read_arguments() {
    [[ $# -ge 1 && $1 != -* ]] || usage "the first argument must be the folder to make."
    PREFIX=$(realpath -m -- "$1")
    shift
    TARGETS=()
    CHECK=
    while [[ $# -gt 0 ]]; do
        case $1 in
            --target) [[ $# -ge 2 ]] || usage "--target needs a triple."; TARGETS+=("$2"); shift 2 ;;
            --target=*) TARGETS+=("${1#--target=}"); shift ;;
            --check) CHECK=yes; shift ;;
            *) usage "unknown argument '$1'." ;;
        esac
    done
    [[ ${#TARGETS[@]} -gt 0 ]] || TARGETS=("${DEFAULT_TARGETS[@]}")
}

find_compiler() {
    [[ -x $RUSTC ]] || fail "there is no $RUSTC." "install it: apt-get install rustc-web cargo-web rust-web-src"
    [[ -x $CARGO ]] || fail "there is no $CARGO." "install it: apt-get install cargo-web"
    VERSION=$("$RUSTC" -vV)
    HOST=$(sed -n 's/^host: //p' <<<"$VERSION")
    RELEASE=$(sed -n 's/^release: //p' <<<"$VERSION")
    local llvm
    llvm=$(sed -n 's/^LLVM version: \([0-9]*\).*/\1/p' <<<"$VERSION")
    # Bitcode is only understood by an lld of the same LLVM, hence never just any lld.
    LLD=$(command -v "lld-$llvm" || true)
    [[ -n $LLD ]] || fail "there is no lld-$llvm, the linker of rustc's LLVM." "install it: apt-get install lld-$llvm"
    HOST_LIBRARIES=$("$RUSTC" --print sysroot)/lib/rustlib/$HOST/lib
}

find_sources() {
    local folder
    for folder in "/usr/src/rustc-$RELEASE/library" "$("$RUSTC" --print sysroot)/lib/rustlib/src/rust/library"; do
        if [[ -f $folder/alloc/Cargo.toml ]]; then SOURCES=$folder; break; fi
    done
    [[ -n ${SOURCES:-} ]] || fail "the sources of core $RELEASE are not installed." "install them: apt-get install rust-web-src"
    [[ -d $SOURCES/compiler-builtins ]] ||
        fail "$SOURCES lacks compiler_builtins, so core cannot be built without a registry." \
            "use a newer rust-web-src (1.96 is known to work; Debian 12 has it in its security suite)."
}

check_targets() {
    local known target elsewhere="build it in an image of your own that has rustup: [toolchain] image"
    known=$("$RUSTC" --print target-list)
    for target in "${TARGETS[@]}"; do
        grep -qxF -- "$target" <<<"$known" || fail "rustc $RELEASE knows no target '$target'." "see: $RUSTC --print target-list"
        "$RUSTC" --print target-cpus --target "$target" >/dev/null 2>&1 ||
            fail "Debian's LLVM cannot generate code for '$target', though rustc $RELEASE knows it." "$elsewhere"
        "$RUSTC" --print cfg --target "$target" | grep -qxF 'target_os="none"' ||
            fail "'$target' has an operating system, so it needs std; only core and alloc are built here." "$elsewhere"
    done
}

# A second call with other targets adds them, it takes none away.
keep_installed_targets() {
    local folder
    for folder in "$PREFIX"/sysroot/lib/rustlib/*-*/; do
        folder=$(basename "$folder")
        [[ $folder == "$HOST" || $folder == '*-*' ]] || TARGETS+=("$folder")
    done
    mapfile -t TARGETS < <(printf '%s\n' "${TARGETS[@]}" | sort -u)
}

identity() {
    printf 'recipe %s\nprefix %s\nlld %s\n%s\n' "$RECIPE" "$PREFIX" "$LLD" "$VERSION"
}

stamp() {
    identity
    printf 'target %s\n' "${TARGETS[@]}"
}

open_partial() {
    PARTIAL=$PREFIX.partial
    # What another compiler left behind must not be mixed in; what this one left is continued.
    if [[ "$(cat "$PARTIAL/identity" 2>/dev/null)" != "$(identity)" ]]; then
        rm -rf -- "$PARTIAL"
        mkdir -p -- "$PARTIAL"
        identity >"$PARTIAL/identity"
    fi
    mkdir -p -- "$PARTIAL/bin" "$PARTIAL/sysroot/lib/rustlib"
}

# Targets that the same compiler made before are taken as they are.
take_over_installed() {
    local folder made=$PARTIAL/sysroot/lib/rustlib
    [[ "$(grep -v '^target ' "$PREFIX/stamp" 2>/dev/null)" == "$(identity)" ]] || return 0
    for folder in "$PREFIX"/sysroot/lib/rustlib/*-*/; do
        folder=$(basename "$folder")
        [[ $folder == "$HOST" || -d $made/$folder ]] || cp -a -- "$PREFIX/sysroot/lib/rustlib/$folder" "$made/"
    done
}

# A workspace of just these crates: the whole library's also wants the crates that test std, which
# the source package leaves out. core and alloc need no crate from outside.
lay_out_sources() {
    local tree=$PARTIAL/work/library
    [[ ! -f $tree/Cargo.toml ]] || return 0
    mkdir -p -- "$tree"
    cp -a -- "$SOURCES"/{core,alloc,compiler-builtins,stdarch,portable-simd} "$tree/"
    # cc is for compiler-rt in C, which is not built here, and would only have to be downloaded.
    sed -i -e '/^cc = /d' -e 's/"dep:cc"//' "$tree/compiler-builtins/compiler-builtins/Cargo.toml"
    printf '[workspace]\nresolver = "2"\nmembers = ["alloc"]\n\n%s\n' \
        '[profile.release.package.compiler_builtins]
# One object for each intrinsic, so that a link takes only what it uses.
codegen-units = 10000' >"$tree/Cargo.toml"
}

run_cargo() {  # target
    # From / and with a home of its own: no config.toml or RUSTFLAGS of the caller may reach core.
    cd / && env -i PATH=/usr/bin:/bin HOME="$PARTIAL/work" CARGO_HOME="$PARTIAL/work/cargo" \
        CARGO_TARGET_DIR="$PARTIAL/work/target" RUSTC="$RUSTC" RUSTC_BOOTSTRAP=1 \
        RUSTFLAGS="-C embed-bitcode=yes -C panic=abort -Z force-unstable-if-unmarked --remap-path-prefix=$PARTIAL/work/library=/rust/library" \
        CARGO_PROFILE_RELEASE_OPT_LEVEL=s CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_INCREMENTAL=false \
        "$CARGO" build --manifest-path "$PARTIAL/work/library/alloc/Cargo.toml" \
        --features compiler-builtins-mem --release --offline --target "$1"
}

build_target() {  # target
    local made=$PARTIAL/sysroot/lib/rustlib/$1 log=$PARTIAL/$1.log library
    [[ ! -d $made ]] || return 0
    printf 'bare-metal-rust: building core and alloc %s for %s\n' "$RELEASE" "$1"
    # A subshell: run_cargo changes folder.
    if ! (run_cargo "$1") >"$log" 2>&1; then
        tail -n 20 -- "$log" >&2
        fail "core and alloc could not be built for $1." "the whole log: $log"
    fi
    rm -rf -- "$made.new"
    mkdir -p -- "$made.new/lib"
    cp -- "$PARTIAL/work/target/$1/release/deps/"*.rlib "$made.new/lib/"
    for library in core alloc compiler_builtins; do
        compgen -G "$made.new/lib/lib$library-*.rlib" >/dev/null ||
            fail "the build for $1 made no $library." "the whole log: $log"
    done
    mv -- "$made.new" "$made"
}

link_host() {
    local host=$PARTIAL/sysroot/lib/rustlib/$HOST
    mkdir -p -- "$host/bin"
    ln -sfn -- "$HOST_LIBRARIES" "$host/lib"
    ln -sfn -- "$LLD" "$host/bin/rust-lld"  # rustc looks here first, whatever the PATH
}

write_executable() {  # name; the text comes on standard input
    cat >"$PARTIAL/bin/$1"
    chmod 755 "$PARTIAL/bin/$1"
}

write_wrappers() {
    ln -sfn -- "$LLD" "$PARTIAL/bin/rust-lld"
    write_executable rustc <<END
#!/bin/sh
# The distribution's rustc, with the sysroot that holds the bare-metal targets.
exec $RUSTC --sysroot "$PREFIX/sysroot" "\$@"
END
    write_executable cargo <<END
#!/bin/sh
# The distribution's cargo, with the rustc beside this file.
export RUSTC="$PREFIX/bin/rustc"
export PATH="$PREFIX/bin:\$PATH"
exec $CARGO "\$@"
END
    write_executable rustup <<END
#!/bin/sh
# Stands in for rustup: answers which targets are installed, for build scripts that ask.
installed() {
    for folder in "$PREFIX"/sysroot/lib/rustlib/*-*; do basename "\$folder"; done
}
case "\$*" in
    "target list --installed") installed; exit 0 ;;
    "target add "?*)
        shift 2
        for target in "\$@"; do
            if ! installed | grep -qxF -- "\$target"; then
                echo "rustup: target '\$target' is not part of this toolchain (a stand-in without a registry). In karatos.toml: [toolchain] targets = [\"\$target\"]; for builds without a container: bare-metal-rust.sh $PREFIX --target \$target" >&2
                exit 1
            fi
        done
        exit 0 ;;
esac
echo "rustup: '\$*' cannot be answered: this is a stand-in that knows 'target list --installed' and 'target add' of an installed target. The toolchain is rustc $RELEASE in $PREFIX." >&2
exit 1
END
}

publish() {
    rm -rf -- "$PARTIAL/work" "$PARTIAL/identity" "$PARTIAL"/*.log
    stamp >"$PARTIAL/stamp"
    rm -rf -- "$PREFIX.old"
    # Two renames when there was one before: a crash between them leaves the old one aside, and the
    # next run makes a new one.
    if [[ -e $PREFIX ]]; then mv -- "$PREFIX" "$PREFIX.old"; fi
    mv -- "$PARTIAL" "$PREFIX"
    rm -rf -- "$PREFIX.old"
}

main() {
    read_arguments "$@"
    find_compiler
    if [[ -n $CHECK ]]; then check_targets; return 0; fi
    mkdir -p -- "$(dirname -- "$PREFIX")"
    # The kernel frees the lock when this process ends, however it ends.
    exec 9>"$PREFIX.lock"
    flock 9
    keep_installed_targets
    if [[ "$(cat "$PREFIX/stamp" 2>/dev/null)" == "$(stamp)" ]]; then return 0; fi
    find_sources
    check_targets
    open_partial
    take_over_installed
    link_host
    lay_out_sources
    local target
    for target in "${TARGETS[@]}"; do build_target "$target"; done
    write_wrappers
    publish
    printf 'bare-metal-rust: rustc %s with %s is in %s\n' "$RELEASE" "${TARGETS[*]}" "$PREFIX"
}

main "$@"
