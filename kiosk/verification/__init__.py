"""Is this the person on the ID, and are they here? Pure rules on numbers; no clock, file, pixel or thread."""
