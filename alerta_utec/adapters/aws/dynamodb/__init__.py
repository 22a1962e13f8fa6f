"""The tables on AWS: incidents, the feed of changes, connections, deliveries, rate limits."""
