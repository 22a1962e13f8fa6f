"""Webhooks on one machine: webhooks and jobs in SQLite, deliveries by a worker's threads."""
