"""The words that every room and every verb speaks: exact numbers, shapes, windows, the Layer base, the Derivation record.

Needs NumPy, and mpmath at the first exponential; knows no layer, no file and no screen.
"""
