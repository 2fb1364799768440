"""Find out what a run needs and whether it is here: one room for each kind of need."""
