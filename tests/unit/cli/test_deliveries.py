"""Delivery records as text."""

from typing import Any

import pytest

from alerta_utec.cli.deliveries import delivery_line

AT = {"revision": 2, "at": "2025-11-16T18:12:00Z"}
COUNTS = {"attempted": 9, "delivered": 9, "gone": 0, "throttled": 0, "failed": 0, "ms": 3}


@pytest.mark.parametrize(
    ("outcome", "line_text"),
    [
        ({"channel": "broadcast", **COUNTS}, "difusión  entregado a 9 de 9 conexiones, en 3 ms"),
        (
            {"channel": "broadcast", **COUNTS, "attempted": 1, "delivered": 1},
            "difusión  entregado a 1 de 1 conexión, en 3 ms",
        ),
        (
            {"channel": "broadcast", **COUNTS, "delivered": 4, "gone": 1, "throttled": 2},
            "difusión  entregado a 4 de 9 conexiones, en 3 ms; 1 se había ido; "
            "2 leían demasiado despacio",
        ),
        (
            {"channel": "broadcast", **COUNTS, "delivered": 7, "failed": 2},
            "difusión  entregado a 7 de 9 conexiones, en 3 ms; 2 fallaron",
        ),
        (
            {"channel": "broadcast", **COUNTS, "delivered": 5, "pending": 4},
            "difusión  entregado a 5 de 9 conexiones, en 3 ms; 4 están pendientes",
        ),
        (
            {"channel": "broadcast", **COUNTS, "attempted": 0, "delivered": 0},
            "difusión  no había nadie conectado",
        ),
        ({"channel": "email", "result": "sent"}, "correo    enviado"),
        (
            {"channel": "email", "result": "sent", "attempts": 3},
            "correo    enviado, tras 3 intentos",
        ),
        (
            {"channel": "email", "result": "failed", "because": "sin respuesta", "attempts": 2},
            "correo    falló y se reintenta, tras 2 intentos: sin respuesta",
        ),
        (
            {"channel": "email", "result": "given_up", "because": "24 h"},
            "correo    abandonado sin enviarse: 24 h",
        ),
        (
            {"channel": "email", "result": "suppressed", "because": "tormenta"},
            "correo    no se envía: tormenta",
        ),
        ({"channel": "email", "result": "sent", "with": 3}, "correo    enviado, junto con 3 más"),
        (
            {"channel": "email", "result": "suppressed", "because": "no_rule"},
            "correo    no se envía: ninguna regla le da destinatario",
        ),
        (
            {"channel": "email", "result": "sent", "recipients": [{"to": "ana@example.edu"}]},
            "correo    enviado  (ana@example.edu)",
        ),
        (
            {
                "channel": "email",
                "result": "failed",
                "counts": {"failed": 1, "sent": 1},
                "recipients": [
                    {"to": "ana@example.edu", "result": "sent"},
                    {"to": "tgram://…", "result": "failed", "because": "Apprise: not taken"},
                ],
            },
            "correo    falló y se reintenta: 1; enviado: 1\n"
            "    ana@example.edu: enviado\n"
            "    tgram://…: falló y se reintenta: Apprise: not taken",
        ),
        (
            {"channel": "webhook:0197a1b2", "result": "sent", "attempts": 1},
            "webhook   0197a1b2  enviado",
        ),
        (
            {"channel": "webhook:1", "result": "failed", "because": "HTTP 500", "attempts": 3},
            "webhook   1  falló y se reintenta, tras 3 intentos: HTTP 500",
        ),
        (
            {"channel": "webhook:1", "result": "given_up", "because": "timeout"},
            "webhook   1  abandonado sin enviarse: no respondió a tiempo",
        ),
        (
            {"channel": "webhook:1", "result": "given_up", "reason": "timeout"},
            "webhook   1  abandonado sin enviarse: no respondió a tiempo",
        ),
        ({"channel": "webhook:\x1b", "result": "sent"}, "webhook   \\u001b  enviado"),
        ({"channel": "email", "result": "\x1b[2J"}, "correo    \\u001b[2J"),
        ({"channel": "paloma\u202e"}, "paloma\\u202e"),
    ],
)
def test_a_delivery_line_describes_its_outcome(outcome: dict[str, Any], line_text: str) -> None:
    line = delivery_line(AT | outcome)

    revision, _, rest = line.partition("  ")
    assert (revision, rest.split("  ", 1)[1]) == ("r2", line_text)


def test_a_held_email_has_its_end_and_its_reason_in_the_line() -> None:
    held = {"result": "held", "until": "2025-11-16T18:17:00Z"}

    lines = [
        delivery_line(AT | {"channel": "email", "because": because} | held)
        for because in ("grouped", "limit")
    ]

    assert "correo    retenido hasta 2025-11-16 " in lines[0]
    assert lines[0].endswith(": se junta con otros del mismo tipo y lugar")
    assert lines[1].endswith(": se junta con otros: hubo muchos en poco tiempo")
