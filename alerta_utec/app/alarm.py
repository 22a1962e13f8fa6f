"""Telling of a committed change by e-mail."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from alerta_utec.app.email import compose
from alerta_utec.app.records import Recorder
from alerta_utec.domain.change import Change
from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import AlertaError
from alerta_utec.domain.messages import DEFAULT_LANG, Lang
from alerta_utec.ports import Clock, Mailer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Alarm:
    """Sends the e-mail of a change, where it calls for one."""

    mailer: Mailer
    timezone: ZoneInfo
    clock: Clock
    record: Recorder
    lang: Lang = DEFAULT_LANG

    def __call__(self, change: Change) -> bool:
        """Send it, and record whether it was sent.

        Returns:
            False where the change calls for no e-mail.

        Raises:
            Unavailable: not sent, or not known; repeat it.
            Internal: not sent, and somebody has to see to it.
        """
        if not change.alarms():
            return False
        try:
            self.mailer.send(compose(change, self.timezone, self.lang))
        except AlertaError as error:
            self._record(change, {"result": "failed", "because": str(error)})
            raise
        log.info("email_sent", extra={"position": str(change.position)})
        self._record(change, {"result": "sent"})
        return True

    def _record(self, change: Change, outcome: Mapping[str, Any]) -> None:
        self.record(Delivery.of(change, "email", self.clock.now(), outcome))
