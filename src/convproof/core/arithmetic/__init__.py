"""Formulas that more than one room needs; each has a witness test of its own in tests/core."""
