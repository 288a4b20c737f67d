"""Constants: numbers that a graph holds and that no layer owns."""
