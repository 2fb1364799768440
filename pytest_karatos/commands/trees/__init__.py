"""Recognise firmware trees: one room for each way in which firmware is built."""
