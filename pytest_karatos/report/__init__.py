"""Write the ledger of a run for people and programs: one file per format."""
