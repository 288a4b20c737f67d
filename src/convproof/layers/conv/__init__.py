"""Convolution: a window slides over the image; under it, products with the weights are summed, and a bias is added."""
