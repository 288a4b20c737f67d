"""Checking: somebody's numbers held against the exact ones, with a verdict for each layer."""
