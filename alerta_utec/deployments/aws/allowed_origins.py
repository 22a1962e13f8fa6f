"""The origins whose pages may use the service on AWS."""

from collections.abc import Mapping

from alerta_utec.domain.origins import Origins


def origins(environment: Mapping[str, str]) -> Origins:
    """Return those of ``ORIGINS``, separated by commas; ``*`` is any."""
    return Origins(tuple(filter(None, environment["ORIGINS"].split(","))))
