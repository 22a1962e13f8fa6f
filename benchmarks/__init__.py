"""Benchmarks of the service, its peers and the machine's limits; see README.md."""
