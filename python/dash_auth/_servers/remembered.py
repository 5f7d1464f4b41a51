"""How much an adapter remembers of the paths that it was asked about."""

REMEMBERED_PATHS = 1024
LONGEST_REMEMBERED_PATH = 256
"""Clients choose the paths: what an adapter remembers of them stays below a megabyte."""
