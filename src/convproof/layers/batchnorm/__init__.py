"""Batch normalisation: every channel is moved to mean 0 and variance 1 over the batch, then scaled by gamma and shifted by beta."""
