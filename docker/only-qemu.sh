#!/bin/sh
# Copy the named emulators, the libraries they link and the firmware they may ask for into PREFIX.
# Usage: only-qemu.sh PREFIX EMULATOR...
set -eu
prefix="$1"
shift
mkdir -p "$prefix/bin" "$prefix/lib" "$prefix/share"
for name in "$@"; do
    cp "/usr/bin/$name" "$prefix/bin/"
    # The C library and the loader are the base's own: two of them in one process would crash.
    ldd "/usr/bin/$name" | awk '$2 == "=>" { print $3 }' |
        grep -vE '/(libc|libm|libdl|librt|libpthread|libresolv)\.so\.[0-9]+$' |
        xargs -I{} cp -Ln {} "$prefix/lib/"
done
# OpenSBI is what `virt` starts without `-bios`; npcm7xx is the boot code of some ARM boards.
for firmware in /usr/share/qemu/opensbi-riscv32-* /usr/lib/riscv32-*/opensbi/* \
    /usr/share/qemu/npcm7xx_bootrom.bin; do
    [ ! -f "$firmware" ] || cp -L "$firmware" "$prefix/share/"
done
