"""What IT does: setup, doctor, models, evaluate, bench."""
