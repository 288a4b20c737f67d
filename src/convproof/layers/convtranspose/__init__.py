"""Transposed convolution: every input cell lays the kernel, times its own number, on a larger image; what overlaps is summed."""
