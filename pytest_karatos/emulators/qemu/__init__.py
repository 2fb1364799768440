"""QEMU: its command line, its control protocol, and a machine that runs in it."""
