"""Faults of the deployed service: real Lambdas, and endpoints that fail in front of them."""
