"""The documentation: every block runs or is read, and does what the text around it says."""
