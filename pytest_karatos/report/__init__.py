"""Reports made of the ledger: one file per format."""
