"""Arrays in text: logs, tables and whatever a program prints."""
