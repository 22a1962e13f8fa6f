"""``alerta-utec keys``: make, list and revoke the keys of machines."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from alerta_utec.cli.errors import Failure
from alerta_utec.cli.output import try_to_show
from alerta_utec.cli.param_types import WholeNumber
from alerta_utec.cli.program import Group
from alerta_utec.cli.service import Service, filter_of, with_filter, with_service
from alerta_utec.cli.terminal import moment, safe
from alerta_utec.domain.policy import Scope
from alerta_utec.domain.values import format_time

DAYS_MAX = 3660


@click.group(cls=Group)
def keys() -> None:
    """Da claves a sensores, pantallas y otros sistemas, y las revoca.

    Requiere el rol autoridad y un servicio con inicio de sesión. Una clave hace solo lo que dicen
    sus permisos, y nunca ve nombres de personas:

    \b
      report   reportar incidentes
      read     leer incidentes y estadísticas
      update   cambiar el estado y agregar notas
      feed     recibir los cambios al instante (WebSocket)
      manage   administrar los webhooks
      metrics  leer las métricas

    \b
    Ejemplos:
      alerta-utec keys add "Sensor de humo, Torre A" --scope report --location "Torre A"
      alerta-utec keys list
      alerta-utec keys revoke mfrggzdfmztwq2lk
    """


@keys.command()
@click.argument("name", metavar="NOMBRE")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="Permiso; se repite.",
)
@with_filter
@click.option("--days", type=WholeNumber(1, DAYS_MAX), help="Días de validez; sin fin si falta.")
@with_service
def add(
    service: Service,
    /,
    name: str,
    scopes: tuple[str, ...],
    days: int | None,
    **filters: str | tuple[str, ...] | None,
) -> None:
    """Crea una clave y la muestra, solo esta vez.

    Con un filtro, la clave lee, recibe, reporta y cambia solo lo que lo pasa.

    \b
    Ejemplos:
      alerta-utec keys add "Pantalla de la entrada" --scope feed --scope read
      alerta-utec keys add "Sensor de humo" --scope report --type incendio --days 365
    """
    expires_at = None if days is None else format_time(datetime.now(UTC) + timedelta(days=days))
    made = service.ask(
        lambda alerta: alerta.keys.make(
            name, scopes, filter=filter_of(filters), expires_at=expires_at
        )
    )
    reason = try_to_show(service.written(made, _page(made)))
    if reason is not None:
        _take_back(service, made, reason)


@keys.command("list")
@with_service
def list_(service: Service) -> None:
    """Lista las claves, la más antigua primero, y cuándo se usaron por última vez.

    \b
    Ejemplo:
      alerta-utec keys list
    """
    service.show_all(service.ask(lambda alerta: alerta.keys.all()), _page, "No hay claves.")


@keys.command()
@click.argument("key_id", metavar="ID")
@with_service
def revoke(service: Service, key_id: str) -> None:
    """Revoca una clave: deja de servir al instante y sus conexiones se cierran.

    \b
    Ejemplo:
      alerta-utec keys revoke mfrggzdfmztwq2lk
    """
    service.ask(lambda alerta: alerta.keys.revoke(key_id))
    service.show_stored({"keyId": key_id}, "Revocada.", "la clave está revocada")


def _take_back(service: Service, made: Mapping[str, Any], reason: str) -> None:
    """Revoke a key that was not shown.

    Raises:
        Failure: always, since the key was not shown.
    """
    key_id = str(made.get("keyId"))
    try:
        service.ask(lambda alerta: alerta.keys.revoke(key_id))
    except Failure as error:
        raise Failure(
            f"la clave está creada, pero no se pudo mostrar: {reason}. Revóquela: "
            f"alerta-utec keys revoke {safe(key_id)} (ahora no se pudo: {error.message})"
        ) from error
    raise Failure(f"no se pudo mostrar la clave: {reason}. Se revocó; repita.")


def _page(key: Mapping[str, Any]) -> str:
    """Return a key in a few lines; its token only in the answer that makes it."""
    wanted = key.get("filter") or {}
    values = "; ".join(f"{name}: {', '.join(map(str, wanted[name]))}" for name in wanted)
    used = key.get("lastUsedAt")
    lines = [
        f"{safe(key.get('keyId'))}  {safe(key.get('name'))}",
        f"  permisos: {safe(', '.join(map(str, key.get('scopes') or [])))}",
        *([f"  filtro: {safe(values)}"] if values else []),
        f"  creada: {moment(key.get('createdAt'))}"
        + (f", por {safe(key['createdBy'])}" if key.get("createdBy") else ""),
        *([f"  vence: {moment(key['expiresAt'])}"] if key.get("expiresAt") else []),
        f"  último uso: {moment(used) if used else 'ninguno'}",
        *([f"  clave: {safe(key['key'])}"] if key.get("key") else []),
    ]
    return "\n".join(lines)
