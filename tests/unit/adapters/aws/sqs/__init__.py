"""SQS on the emulator."""
