"""Processes and confinement. This file imports nothing: each process loads its own side only."""
