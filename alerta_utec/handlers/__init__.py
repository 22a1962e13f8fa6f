"""Lambda handlers: an API Gateway or stream event in, its response out; no vendor SDK."""
