"""One customer's visit, as a table. Pure."""
