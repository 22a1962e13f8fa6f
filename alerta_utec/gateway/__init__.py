"""The local API Gateway: the same protocol, the same events, in one process."""
