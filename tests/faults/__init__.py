"""Faults: real processes and real sockets, and what must hold all the same."""
