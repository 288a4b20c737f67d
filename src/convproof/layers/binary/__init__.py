"""Two arrays, or several, become one, cell by cell: sums, products, quotients, powers, the larger of two."""
