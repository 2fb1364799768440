#!/usr/bin/env bash
# Builds the reference RTOS. What is built and where it runs is data: build/configs/global.toml.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly ROOT CONFIG=build/configs/global.toml

usage() {
    cat <<END
usage: ./build.sh [arm|riscv|all] [debug|release] [options]
  -b, --board BOARD     a board of $CONFIG (default: the first of the arch)
      --features=A,B    cargo features of the kernel (see kernel/Cargo.toml), may be empty
  -t, --test            boot the result in QEMU; fails unless it passes in time
  -c, --clean           build from nothing
  -v, --verbose         show what cargo does
  -h, --help            show this
END
}

fail() {
    printf 'build.sh: %s\n' "$*" >&2
    exit 1
}

read_arguments() {
    TARGET=all PROFILE=debug BOARD='' FEATURES='' TEST=false CLEAN=false VERBOSE=false
    while [[ $# -gt 0 ]]; do
        case $1 in
            arm | riscv | all) TARGET=$1 ;;
            debug | release) PROFILE=$1 ;;
            -b | --board) [[ $# -ge 2 ]] || fail "$1 needs the name of a board."; BOARD=$2; shift ;;
            --board=*) BOARD=${1#*=} ;;
            --features) [[ $# -ge 2 ]] || fail "$1 needs a list of features."; FEATURES=$2; shift ;;
            --features=*) FEATURES=${1#*=} ;;
            -t | --test) TEST=true ;;
            -c | --clean) CLEAN=true ;;
            -v | --verbose) VERBOSE=true ;;
            -h | --help) usage; exit 0 ;;
            *) usage >&2; fail "unknown argument '$1'." ;;
        esac
        shift
    done
    [[ $TARGET != all || -z $BOARD ]] || fail "--board needs one arch, not all."
}

# The value of a key, as written. Enough TOML for the flat tables of our own file.
setting() {  # table, key
    awk -v table="[$1]" -v key="$2" '
        $0 == table { inside = 1; next }
        /^\[/ { inside = 0 }
        inside && $1 == key && $2 == "=" { sub(/^[^=]*= */, ""); print; exit }' "$CONFIG"
}

text() { setting "$@" | tr -d '"'; }                               # table, key
list() { setting "$@" | grep -o '"[^"]*"' | tr -d '"' || true; }   # table, key: one item a line

boards_of() {  # arch
    sed -n "s/^\[boards\.\($1_.*\)\]\$/\1/p" "$CONFIG"
}

# A board may be called by its table's name, that name without the arch, or its QEMU machine.
find_board() {  # arch, wanted
    local board
    for board in $(boards_of "$1"); do
        case $2 in
            '' | "$board" | "${board#"$1"_}" | "$(text "boards.$board" qemu_machine)") echo "$board"; return ;;
        esac
    done
    fail "$CONFIG has no $1 board '$2'; it has: $(boards_of "$1" | tr '\n' ' ')"
}

# Into a folder named after what is in it. Cargo does not look at linker scripts; it does look at its
# flags, so another layout is another build, and builds of two boards in one tree do not race.
write_memory_layout() {  # arch, board, triple; prints the folder
    local template pair layout folder edits=()
    template=build/templates/$(text "targets.$1" memory_template)
    while read -r pair; do
        edits+=(-e "s/@${pair% = *}@/${pair#* = }/")
    done < <(setting "boards.$2" memory | tr -d '{}" ' | tr ',' '\n' | sed 's/=/ = /')
    layout=$(sed "${edits[@]}" "$template")
    folder=target/$3/memory-$(cksum <<<"$layout" | cut -d' ' -f1)
    mkdir -p "$folder"
    printf '%s\n' "$layout" >"$folder/memory.x.$$"
    mv "$folder/memory.x.$$" "$folder/memory.x"
    echo "$folder"
}

build() {  # arch, board, triple
    local folder flags features arguments
    folder=$(write_memory_layout "$1" "$2" "$3")
    # The kernel reads these two as it is compiled.
    RTOS_BOARD=$(text "boards.$2" qemu_machine) RTOS_STACK_BYTES=$(setting "boards.$2" stack_bytes)
    export RTOS_BOARD RTOS_STACK_BYTES
    flags=$(list "targets.$1" rustflags; printf '%s\n' -C "link-arg=-L$folder")
    features=$(list "targets.$1" features | paste -sd, -)
    arguments=(--target "$3" --features "$features,$FEATURES" --locked)
    [[ $PROFILE == debug ]] || arguments+=(--release)
    [[ $VERBOSE == false ]] || arguments+=(--verbose)
    # The unit separator: flags may hold spaces.
    CARGO_ENCODED_RUSTFLAGS=${flags//$'\n'/$'\x1f'} cargo build -p kernel "${arguments[@]}"
}

boot() {  # board, elf
    local command status=0 log=$2.log
    mapfile -t command < <(text "qemu.$1" command; list "qemu.$1" args)
    timeout --kill-after=2 "$(text build qemu_timeout)" "${command[@]}" -kernel "$2" </dev/null |
        tee "$log" || status=$?
    [[ $status -ne 124 ]] || fail "$1 did not end within $(text build qemu_timeout) s."
    [[ $status -eq 0 ]] || fail "$1 ended with status $status."
    grep -aq '^@[0-9]* pass ' "$log" || fail "$1 ended without a pass line."
}

main() {
    read_arguments "$@"
    cd "$ROOT"
    [[ $CLEAN == false ]] || cargo clean
    local arch board triple archs=("$TARGET")
    [[ $TARGET != all ]] || archs=(arm riscv)
    for arch in "${archs[@]}"; do
        board=$(find_board "$arch" "$BOARD")
        triple=$(text "targets.$arch" triple)
        build "$arch" "$board" "$triple"
        echo "build.sh: $arch $PROFILE is target/$triple/$PROFILE/kernel"
        [[ $TEST == false ]] || boot "$board" "target/$triple/$PROFILE/kernel"
    done
}

main "$@"
