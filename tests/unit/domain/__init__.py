"""The domain: properties and boundaries."""
