"""Padding: cells put round an array, or cut off it."""
