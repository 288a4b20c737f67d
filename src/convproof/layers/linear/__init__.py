"""Linear layers: every output is a weighted sum of all features, and a bias."""
