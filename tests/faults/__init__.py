"""Faults: real processes and real sockets, and the guarantees that must hold."""
