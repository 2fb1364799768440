"""Coverage of a run: ``gather`` sums up what boots noted, and each other file writes one format."""
