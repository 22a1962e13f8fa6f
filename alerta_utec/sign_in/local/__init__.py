"""The wing's stores on one machine."""
