"""What an ID document says, and whether to believe it. Pure."""
