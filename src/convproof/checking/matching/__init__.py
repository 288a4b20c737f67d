"""Whose array is this, and in which order are its axes? Claimed arrays find their places in a network."""
