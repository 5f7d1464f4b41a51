"""What the parts of a Dash app are, and which of them are open."""
