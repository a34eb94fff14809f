"""The branch kiosk: checks on the terminal that a living customer is the person on the ID document."""
