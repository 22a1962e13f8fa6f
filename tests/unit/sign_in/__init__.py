"""Tests of the sign-in wing, without I/O."""
