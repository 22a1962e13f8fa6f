"""Webhooks on one machine: registry and jobs in SQLite, a worker thread."""
