"""What several suites need: the emulated AWS, and peers that misbehave."""
