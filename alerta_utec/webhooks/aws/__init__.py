"""Webhooks on AWS: registry and jobs in DynamoDB, wake-ups through SQS."""
