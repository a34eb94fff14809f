"""Who may do what at the teller console. Pure."""
