"""Resizing: an axis gets another length, and every new cell is chosen or weighed from the old ones around its place."""
