"""Property tests with as much time as they need: other work may share the processors."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
