"""Boot an ELF: one file per place where QEMU runs."""
