"""Alerta UTEC Realtime: incidents on every connected screen of a campus, at once."""

__version__ = "0.2.0"
