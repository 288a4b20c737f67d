"""Normalisation of every image by itself: by instance, group, layer, root mean square, or the channels around a cell."""
