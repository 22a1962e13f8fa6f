"""What an incident is, how it changes and what can be wrong with it; no input or output."""
