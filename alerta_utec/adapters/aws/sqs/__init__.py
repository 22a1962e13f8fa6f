"""The queues on AWS: shards of a broadcast, and failed batches."""
