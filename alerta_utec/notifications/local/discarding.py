"""Notifications that go nowhere, for ``serve --ephemeral``."""

from alerta_utec.notifications.mailer import Email


class DiscardingMailer:
    """A ``Mailer`` that accepts every e-mail and sends none."""

    def send(self, email: Email) -> None:
        """Accept the e-mail."""
