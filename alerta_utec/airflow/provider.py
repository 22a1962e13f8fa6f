"""The provider's metadata for Airflow, which loads it at start: keep its imports few."""

from typing import Any

CONN_TYPE = "alerta_utec"
HOOK_NAME = "Alerta UTEC"
TIMEOUT_S = 10.0
PATIENCE_S = 30.0


def get_provider_info() -> dict[str, Any]:
    """Return the metadata by Airflow's schema: the modules and the connection's form."""
    return {
        "package-name": "alerta-utec-realtime",
        "name": HOOK_NAME,
        "description": "Incidentes de un campus: avisar, mover, esperar y contar.",
        "hooks": _module("hook"),
        "operators": _module("operators"),
        "sensors": _module("sensor"),
        "triggers": _module("trigger"),
        "notifications": [f"{__package__}.notifier.AlertaUtecNotifier"],
        "connection-types": [_connection_type()],
    }


def _module(name: str) -> list[dict[str, Any]]:
    return [{"integration-name": HOOK_NAME, "python-modules": [f"{__package__}.{name}"]}]


def _connection_type() -> dict[str, Any]:
    return {
        "connection-type": CONN_TYPE,
        "hook-class-name": f"{__package__}.hook.AlertaUtecHook",
        "hook-name": HOOK_NAME,
        "conn-fields": {
            "timeout_s": _seconds("Espera de cada intento (s)", TIMEOUT_S),
            "patience_s": _seconds("Insistencia en total (s)", PATIENCE_S),
        },
        "ui-field-behaviour": {
            "hidden-fields": ["schema", "login", "port", "extra"],
            "relabeling": {"host": "Dirección HTTP", "password": "Token"},
            "placeholders": {"host": "https://alerta.example.edu"},
        },
    }


def _seconds(label: str, default: float) -> dict[str, Any]:
    return {"label": label, "schema": {"type": ["number", "null"], "default": default}}
