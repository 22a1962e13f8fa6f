"""The wiring on one machine."""
