"""Pooling: every output is the largest number, the mean, or the norm, of a window."""
