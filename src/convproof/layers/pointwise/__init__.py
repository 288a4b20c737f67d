"""Pointwise functions: every output cell depends on the input cell in the same place and on nothing else."""
