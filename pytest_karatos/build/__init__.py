"""Turn sources into an ELF: one file per way of building."""
