"""The implementations of the ports, by vendor; each vendor has one translator of its errors."""
