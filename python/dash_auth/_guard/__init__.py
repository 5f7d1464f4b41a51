"""The way of a request: who decides on it, in which order."""
