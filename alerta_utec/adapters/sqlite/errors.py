"""The error that stops the service on one machine before it serves."""


class DataRefused(Exception):
    """A data folder or database file that cannot be used.

    The text gives the reason in Spanish, to the operator and never to a client.
    """
