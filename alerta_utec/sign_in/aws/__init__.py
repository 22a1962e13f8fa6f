"""The wing's stores on AWS."""
