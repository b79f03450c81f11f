"""Who may do what, how often, and where scripts may reach."""
