"""Who may do what, and how much of it: API keys, scopes, limits, the audit log. No HTTP here."""
