"""Softmax: numbers become shares of a whole."""
