"""Routes that answer as existing systems do, over the same services."""
