"""What stops the service on one machine before it serves."""


class DataRefused(Exception):
    """The data folder or a database file cannot be used; the text, in Spanish, says why.

    It is for whoever runs the command, never for a client.
    """
