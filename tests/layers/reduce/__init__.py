"""Further tests of the room."""
