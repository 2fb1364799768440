"""The command line for all that is not a test run: does it work here, how do I begin."""
