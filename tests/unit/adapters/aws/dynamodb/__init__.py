"""DynamoDB on the emulator, through a wire that can fail."""
