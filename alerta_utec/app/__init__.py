"""The use cases of the service, over its ports."""
