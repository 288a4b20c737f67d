"""Joining: several arrays side by side in one."""
