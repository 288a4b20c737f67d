"""Linear layers and matrix products: every output is a sum of products over one axis."""
