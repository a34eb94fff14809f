"""What may be kept, why, how long, and its erasure. Pure."""
