"""Webhooks on AWS: webhooks, jobs and leases in DynamoDB, wake-ups through SQS."""
