"""``@connections`` against peers of the tests' own: outcomes, signatures, faults."""
