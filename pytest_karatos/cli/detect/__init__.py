"""Detection of firmware trees: one file for each way in which firmware is built."""
