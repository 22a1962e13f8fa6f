"""The incidents and histories of a campus on an ordinary day, for screenshots."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.conformance.targets import http_request
from tests.support.backlog import store
from tests.support.server import Server

KINDS = (
    ("Fuga de gas", "Cocina del comedor", "high", "Huele junto a los hornos; sala evacuada."),
    ("Humo", "Laboratorio B, segundo piso", "high", "Sale del tablero eléctrico del pasillo."),
    ("Persona herida", "Cancha deportiva", "high", "Caída; consciente, no puede apoyar el pie."),
    ("Temperatura elevada", "Centro de datos", "medium", "Servidor por encima de 70 °C."),
    ("Corte de luz", "Pabellón C", "medium", "Sin luz desde las ocho; ascensor detenido."),
    ("Ascensor detenido", "Pabellón A", "medium", "Entre el tercer y el cuarto piso, sin nadie."),
    ("Robo", "Estacionamiento norte", "medium", "Una mochila; hay cámara."),
    ("Fuga de agua", "Baños del auditorio", "low", "Gotea el lavatorio del fondo."),
    ("Vidrio roto", "Biblioteca", "low", "Ventana junto a la sala de lectura."),
    ("Proyector sin imagen", "Aula 304", "low", ""),
    ("Puerta trabada", "Salida de emergencia este", "low", "Abre solo desde fuera."),
    ("Ruido", "Taller de mecánica", "low", ""),
)  # fmt: skip


def incidents(data: Path) -> None:
    """Fill a data folder with thirty incidents of the last hours."""
    now = datetime.now(UTC)
    store(data, (_report(number, now) for number in range(30)))


def work(server: Server) -> None:
    """Update some incidents and resolve others, with notes."""
    for number in range(0, 30, 3):
        _patch(server, number, status="en_atencion", note="Va la brigada; se avisó a seguridad.")
    for number in range(0, 30, 6):
        _patch(server, number, status="resuelto", note="Resuelto y revisado.")


def _report(number: int, now: datetime) -> dict[str, str]:
    kind, place, urgency, description = KINDS[number % len(KINDS)]
    when = now - timedelta(minutes=7 + 37 * number)
    return {
        "incidentId": f"campus-{number}",
        "type": kind,
        "location": place,
        "urgency": urgency,
        "description": description,
        "timestamp": when.isoformat(timespec="seconds"),
    }


def _patch(server: Server, number: int, **change: str) -> None:
    url = f"{server.http_url}/incidents/campus-{number}"
    assert http_request("PATCH", url, json.dumps(change).encode()).status == 200
