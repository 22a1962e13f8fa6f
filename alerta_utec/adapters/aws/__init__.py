"""The implementations of the ports on AWS."""
