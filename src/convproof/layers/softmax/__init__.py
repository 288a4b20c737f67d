"""Softmax and its relatives: numbers become shares of a whole, or the logarithms of shares."""
