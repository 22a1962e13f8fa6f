"""The documents that describe the API, and their HTTP routes."""
