"""The use cases: what the service does, told through its ports."""
