"""Where the history is handed on to."""
