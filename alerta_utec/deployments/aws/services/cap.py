"""The CAP alerts of incidents."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from alerta_utec.cap.alerts import CapAlerts
from alerta_utec.deployments import sign_in
from alerta_utec.deployments.aws.services.campus import lang, timezone


def alerts(environment: Mapping[str, str]) -> CapAlerts:
    """Return what writes alerts in the name of the API's host.

    ``MANAGEMENT_ENDPOINT``, ``AUTH``, ``ALERTA_TIMEZONE``, ``ALERTA_LANG``.
    """
    sender = urlsplit(environment["MANAGEMENT_ENDPOINT"]).hostname or "alerta-utec"
    restricted = sign_in.is_on(environment)
    return CapAlerts(sender, timezone(environment), lang(environment), restricted)
