"""The teller's console."""
