"""One suite per port, run against everything that plays it."""
