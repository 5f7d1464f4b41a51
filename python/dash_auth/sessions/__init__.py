"""Where a login is remembered."""
