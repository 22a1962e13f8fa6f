"""Tests with software of other people, which `make test-outside` installs."""
