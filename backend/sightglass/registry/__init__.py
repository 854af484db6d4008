"""Which model is served, and where it comes from."""
