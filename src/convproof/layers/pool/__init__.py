"""Pooling: every output is the largest number, or the mean, of a window."""
