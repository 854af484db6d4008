"""The native routes, one module for each group."""
