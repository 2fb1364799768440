"""Measure a firmware: one file per kind of figure."""
