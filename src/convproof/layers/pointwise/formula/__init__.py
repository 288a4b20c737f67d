"""The pointwise functions, by topic: each with its formula, its slope, the derivation of a cell, and its rounding."""
