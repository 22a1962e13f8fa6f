"""The agreement between files that no other test compares."""
