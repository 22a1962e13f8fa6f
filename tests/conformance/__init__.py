"""One black-box suite for every home of the service."""
