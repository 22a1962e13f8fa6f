"""The wiring on AWS."""
