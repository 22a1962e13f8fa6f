"""What must agree between files that nothing else compares."""
