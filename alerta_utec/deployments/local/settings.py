"""The settings of the service on one machine."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from alerta_utec.adapters.sqlite.errors import DataRefused
from alerta_utec.domain.messages import DEFAULT_LANG, Lang
from alerta_utec.gateway.forwarded import Network
from alerta_utec.gateway.limits import Limits
from alerta_utec.notifications.local.channels import recipients_of
from alerta_utec.notifications.rules import Rule, RuleSet


@dataclass(frozen=True)
class LocalSettings:
    """The settings of ``serve``.

    ``mail_url``: ``smtp://user:password@host:587``, ``smtps://…`` or an Apprise URL; ``None``:
    e-mails go to the Maildir ``data/mail``. ``rules``: select the recipients of notifications;
    without rules ``mail_to`` gets all of them. ``mail_limit``: e-mails to each recipient, at
    once and then per hour. ``mail_window_s``: how long e-mails about the same type and place
    are held after the first. ``ephemeral``: the data folder is temporary. ``lang``: of the
    e-mails. ``auth``: ``AUTH`` and the variables of ``sign_in``. ``origins``: as in
    ``domain.origins``. ``public_url``: where clients reach the service, if not where it listens.
    ``trusted_proxies``: networks of proxies whose forwarded headers are believed.
    ``max_per_address``: connections from one address that is not this machine's.
    ``webhook_allow_private``: webhooks may have addresses that are not public. ``certificate``
    and ``key``: PEM files, for TLS. ``limits``: API Gateway's, unless a test lowers them.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    stage: str = "dev"
    data: Path = Path("data")
    insecure: bool = False
    ephemeral: bool = False
    mail_url: str | None = None
    mail_from: str = "alerta-utec@localhost"
    mail_to: tuple[str, ...] = ()
    mail_limit: int = 20
    mail_window_s: int = 300
    rules: tuple[Rule, ...] = ()
    timezone: str = "America/Lima"
    lang: Lang = DEFAULT_LANG
    auth: Mapping[str, str] = field(default_factory=dict)
    origins: tuple[str, ...] = ()
    public_url: str | None = None
    trusted_proxies: tuple[Network, ...] = ()
    max_per_address: int = 1000
    webhook_allow_private: bool = False
    certificate: Path | None = None
    key: Path | None = None
    limits: Limits = field(default_factory=Limits)

    def rule_set(self) -> RuleSet:
        """Return the rules that select the recipients of notifications."""
        rules = self.rules or (Rule("", recipients_of(self.mail_url, self.mail_to)),)
        return RuleSet(rules, ZoneInfo(self.timezone))

    def tls(self) -> ssl.SSLContext | None:
        """Return the TLS context; ``None``: the service is served without TLS.

        Raises:
            DataRefused: the certificate or its key cannot be used.
        """
        if self.certificate is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise DataRefused(f"No se puede usar el certificado o su clave: {error}.") from error
        return context
