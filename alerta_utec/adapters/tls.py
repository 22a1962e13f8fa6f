"""The TLS context of connections to servers of other people."""

import ssl


def client_context(cafile: str | None = None) -> ssl.SSLContext:
    """Return a context that trusts the system's authorities, or those of ``cafile`` alone.

    It is the same in every version of Python. Since 3.13 the default context also refuses
    certificates that break RFC 5280 in form: those of many campus authorities have no key
    identifiers, and would be accepted by one machine and refused by another.
    """
    context = ssl.create_default_context(cafile=cafile)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
