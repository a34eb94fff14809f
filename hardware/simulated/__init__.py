"""A rendered capture subject, for demo and tests."""
