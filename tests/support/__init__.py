"""Tools that several suites share: the emulated AWS, and peers that misbehave."""
