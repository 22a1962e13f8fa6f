"""The handlers over fakes, fed with recorded events."""
