"""The command line: ``alerta-utec``."""
