"""What comes in from files and goes out to them: arrays, images, weights, models."""
