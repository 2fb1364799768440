"""Read settings from files, environment and command line into one frozen record."""
