"""Sabotages of the plugin, each of which must turn the suite red: ``python -m sabotage``.

A green suite says little if it stays green when the plugin is broken. ``sabotages.toml`` says, as
data, how to break a promise by a line or two; ``plan`` reads it, ``trial`` breaks a copy of the
last commit and runs the tests, ``__main__`` prints what they said.
"""
