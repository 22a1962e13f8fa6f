"""AWS's doorway: one Lambda per file."""
