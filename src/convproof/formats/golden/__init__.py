"""Golden vectors: right numbers for a port, in its own layout and number format, and the manifest that describes them."""
