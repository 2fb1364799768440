"""The doctor's checks: what a run needs and whether it is here, one file for each kind of need."""
