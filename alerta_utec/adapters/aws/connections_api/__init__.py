"""API Gateway's ``@connections``: post a frame to a WebSocket client, sign it, remove the gone."""
