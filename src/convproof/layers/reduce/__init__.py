"""The numbers along some axes become one: their sum, mean, product, largest, smallest, norm."""
