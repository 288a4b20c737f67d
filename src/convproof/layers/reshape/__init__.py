"""Reshaping: the same numbers under other indices, or some of them, or some of them several times."""
