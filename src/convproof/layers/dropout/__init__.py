"""Dropout: numbers left out at random while a network is trained."""
