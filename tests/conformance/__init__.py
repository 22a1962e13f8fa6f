"""One black-box suite for every deployment of the service."""
