"""The kinds of values that options take, each refused in Spanish."""

import re
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import click
from click.types import BoolParamType

from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import InvalidRequest

_STAGE = re.compile(r"[A-Za-z0-9_-]{1,128}")  # API Gateway's rule for stage names
_ORIGIN = re.compile(r"https?://[^\s/?#@,]+")
_ADDRESS = re.compile(r"[^\s@,<>]+@[^\s@,<>]+")
PORT_MAX = 65535


class Whole(click.ParamType[int]):
    """A whole number within a range."""

    name = "número"

    def __init__(self, lowest: int, highest: int):
        self.lowest = lowest
        self.highest = highest

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        text = str(value)
        if text.isascii() and text.isdigit() and len(text) < 20:
            number = int(text)
            if self.lowest <= number <= self.highest:
                return number
        return self.fail(f"debe ser un número entero de {self.lowest} a {self.highest}", param, ctx)


class Seconds(click.ParamType[float]):
    """A time in seconds, over zero."""

    name = "segundos"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number of seconds."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0
        if not 0 < seconds <= 3600:
            self.fail("debe ser un número de segundos, hasta 3600", param, ctx)
        return seconds


class Stage(click.ParamType[str]):
    """A stage's name."""

    name = "nombre"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name."""
        if not _STAGE.fullmatch(str(value)):
            self.fail("admite de 1 a 128 letras, cifras, _ y -", param, ctx)
        return str(value)


class Zone(click.ParamType[str]):
    """A time zone of the IANA database."""

    name = "zona"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The zone's name."""
        try:
            return ZoneInfo(str(value)).key
        except (KeyError, OSError, ValueError):
            # Unknown, a folder of zones, or not even a name for one.
            self.fail(f"{value} no es una zona horaria como America/Lima", param, ctx)


class Address(click.ParamType[str]):
    """An e-mail address; in an environment variable, several with commas between."""

    name = "correo"
    envvar_list_splitter: ClassVar[str | None] = ","

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The address."""
        address = str(value).strip()
        if not _ADDRESS.fullmatch(address):
            self.fail(f"{value} no es una dirección de correo", param, ctx)
        return address


class Origin(click.ParamType[str]):
    """A web origin or ``*``; in an environment variable, several with commas between."""

    name = "origen"
    envvar_list_splitter: ClassVar[str | None] = ","

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The origin."""
        origin = str(value).strip()
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            self.fail(f"{value} no es un origen, como https://alerta.example.edu", param, ctx)
        return origin


class Url(click.ParamType[str]):
    """An absolute URL of one of two schemes, the second one over TLS."""

    name = "url"

    def __init__(self, plain: str, secure: str):
        self.schemes = (plain, secure)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The URL."""
        try:
            parts = urlsplit(str(value))
            valid = parts.scheme in self.schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:
            valid = False
        if not valid:
            plain, secure = self.schemes
            self.fail(f"debe empezar por {plain}:// o {secure}:// y llevar servidor", param, ctx)
        return str(value)


class FeedPosition(click.ParamType[Position]):
    """A place in the feed, ``EPOCH:SEQ``."""

    name = "posición"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Position:
        """The position."""
        if isinstance(value, Position):
            return value
        try:
            return Position.parse(str(value))
        except InvalidRequest:
            self.fail("debe ser una posición como 22a192327d34:41", param, ctx)


class Anything(BoolParamType):
    """A switch that any text but the empty one turns on, as no-color.org has it."""

    name = "texto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bool:
        """Whether it is on."""
        return bool(value)


class Switch(BoolParamType):
    """A switch; in an environment variable 1, true, yes, sí, on, and their contraries."""

    name = "sí o no"
    _ON = frozenset({"1", "true", "t", "yes", "y", "on", "si", "sí", "s"})
    _OFF = frozenset({"0", "false", "f", "no", "n", "off", ""})

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bool:
        """Whether it is on."""
        text = str(value).strip().casefold()
        if text not in self._ON | self._OFF:
            self.fail("debe ser 1 o 0", param, ctx)
        return text in self._ON


HTTP_URL = Url("http", "https")

ws_url = click.option(
    "--url",
    envvar="ALERTA_WS_URL",
    default="ws://127.0.0.1:8000/dev",
    type=Url("ws", "wss"),
    show_default=True,
    show_envvar=True,
    help="Dirección WebSocket del servicio.",
)
http_url = click.option(
    "--url",
    envvar="ALERTA_HTTP_URL",
    default="http://127.0.0.1:8000",
    type=HTTP_URL,
    show_default=True,
    show_envvar=True,
    help="Dirección HTTP del servicio.",
)
token = click.option(
    "--token",
    envvar="ALERTA_TOKEN",
    metavar="FICHA",
    show_envvar=True,
    help="Ficha de quien pide, donde hay inicio de sesión; mejor en la variable.",
)
data = click.option(
    "--data",
    envvar="ALERTA_DATA",
    default=Path("data"),
    type=click.Path(file_okay=False, path_type=Path),
    metavar="CARPETA",
    show_default=True,
    show_envvar=True,
    help="Carpeta de los datos.",
)
no_color = click.option(
    "--no-color",
    is_flag=True,
    type=Anything(),
    envvar="NO_COLOR",
    show_envvar=True,
    help="Sin colores.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Una línea de JSON por cada uno.")
