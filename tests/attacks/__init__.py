"""Attacks on the rules S1 to S18, through HTTP, against apps built with the public API alone."""
