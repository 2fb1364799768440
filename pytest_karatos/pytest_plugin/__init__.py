"""The pytest layer: options, fixtures, hooks and reports; nothing below it imports pytest."""
