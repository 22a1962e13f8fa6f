"""The queues on AWS: shards of a broadcast, and what could not be delivered."""
