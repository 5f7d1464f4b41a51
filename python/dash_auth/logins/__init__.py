"""The ways to log in, one file each."""
