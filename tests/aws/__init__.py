"""The service on the emulated AWS, seen from AWS."""
