"""The interval of the heartbeat on AWS.

API Gateway closes a connection after 10 minutes without a message. Clients send a ping after 1.2
intervals, so that one heartbeat can fail.
"""

HEARTBEAT_MINUTES = 8
HEARTBEAT_S = HEARTBEAT_MINUTES * 60
