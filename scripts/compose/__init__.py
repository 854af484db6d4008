"""What `make compose-check` is made of."""
