"""HTTP only: routes over the services, and how errors look to a client."""
