"""What the service can do, measured beside its peers and the machine's limit; see README.md."""
