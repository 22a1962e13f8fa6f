"""Notifications on AWS: an SNS topic, with throttle state in DynamoDB."""
