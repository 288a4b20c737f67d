"""Reshaping: the same numbers in the same order under other indices."""
