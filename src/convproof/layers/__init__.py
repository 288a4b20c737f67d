"""Rooms: what is known of each family of layers. ``catalogue`` lists them."""
