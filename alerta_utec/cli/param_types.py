"""The kinds of values that options and arguments take."""

import ipaddress
import re
from typing import Any, ClassVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import click
from click.types import BoolParamType, StringParamType

from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import InvalidRequest
from alerta_utec.domain.values import parse_time

_STAGE = re.compile(r"[A-Za-z0-9_-]{1,128}")  # API Gateway's rule for stage names
_ORIGIN = re.compile(r"https?://[^\s/?#@,]+")
_PUBLIC_URL = re.compile(r"https?://[A-Za-z0-9._:\[\]-]+(/[A-Za-z0-9._~%!$&'()*+;=:@-]+)*/?")
_ADDRESS = re.compile(r"[^\s@,<>]+@[^\s@,<>]+")
_SECONDS_MAX = 3600
PORT_MAX = 65535


class WholeNumber(click.IntRange):
    """A whole number within a range."""

    name = "número"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number, or fail with the range."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"debe ser un número entero de {self.min} a {self.max}", param, ctx)


class Seconds(click.FloatRange):
    """A time in seconds, more than zero."""

    name = "segundos"

    def __init__(self) -> None:
        super().__init__(0, _SECONDS_MAX, min_open=True)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds, or fail with the longest time."""
        try:
            seconds = super().convert(value, param, ctx)
        except click.BadParameter:
            seconds = 0.0
        if not seconds > 0:  # NaN is in click's range.
            self.fail(f"debe ser un número de segundos, hasta {_SECONDS_MAX}", param, ctx)
        return seconds


class Stage(StringParamType):
    """A stage's name."""

    name = "nombre"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name."""
        if not _STAGE.fullmatch(str(value)):
            self.fail("admite de 1 a 128 letras, cifras, _ y -", param, ctx)
        return str(value)


class TimeZone(StringParamType):
    """The name of a time zone of the IANA database."""

    name = "zona"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name."""
        try:
            return ZoneInfo(str(value)).key
        except (KeyError, OSError, ValueError):
            # ValueError: not a possible name; OSError: a folder of zones.
            self.fail(f"{value} no es una zona horaria como America/Lima", param, ctx)


class Moment(StringParamType):
    """A moment, with its zone."""

    name = "fecha y hora"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the moment."""
        try:
            return parse_time(str(value))
        except ValueError:
            self.fail("debe ser como 2026-11-24T18:30:00-05:00, con su zona", param, ctx)


class Address(StringParamType):
    """An e-mail address; an environment variable separates several with commas."""

    name = "correo"
    envvar_list_splitter: ClassVar[str | None] = ","

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the address."""
        address = str(value).strip()
        if not _ADDRESS.fullmatch(address):
            self.fail(f"{value} no es una dirección de correo", param, ctx)
        return address


class Origin(StringParamType):
    """A web origin or ``*``; an environment variable separates several with commas."""

    name = "origen"
    envvar_list_splitter: ClassVar[str | None] = ","

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the origin."""
        origin = str(value).strip()
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            self.fail(f"{value} no es un origen, como https://alerta.example.edu", param, ctx)
        return origin


class Url(StringParamType):
    """An absolute URL of one of two schemes, the second of them over TLS."""

    name = "url"

    def __init__(self, plain: str, secure: str):
        self.schemes = (plain, secure)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the URL."""
        try:
            parts = urlsplit(str(value))
            valid = parts.scheme in self.schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:
            valid = False
        if not valid:
            plain, secure = self.schemes
            self.fail(f"debe empezar por {plain}:// o {secure}:// y llevar servidor", param, ctx)
        return str(value)


class PublicUrl(Url):
    """The http or https URL of the service, perhaps with a path."""

    def __init__(self) -> None:
        super().__init__("http", "https")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the URL without a slash at its end."""
        url = super().convert(str(value).strip(), param, ctx)
        if not _PUBLIC_URL.fullmatch(url):
            self.fail(
                f"{value} no es una dirección como https://alerta.example.edu o "
                "https://example.edu/alerta",
                param,
                ctx,
            )
        return url.rstrip("/")


class NetworkType(StringParamType):
    """A network in CIDR notation or an address; a variable separates several with commas."""

    name = "red"
    envvar_list_splitter: ClassVar[str | None] = ","

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the network."""
        try:
            return ipaddress.ip_network(str(value).strip())
        except ValueError:
            self.fail(f"{value} no es una red, como 127.0.0.1 o 10.0.0.0/8", param, ctx)


class NoColor(BoolParamType):
    """The switch of no-color.org: any text that is not empty turns it on."""

    name = "texto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bool:
        """Return whether it is on."""
        return bool(value)


class Switch(BoolParamType):
    """A switch that an environment variable may turn on with ``sí`` too."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bool:
        """Return whether it is on."""
        if str(value).strip().casefold() in ("sí", "si", "s"):
            return True
        return super().convert(value, param, ctx)


HTTP_URL = Url("http", "https")
WS_URL = Url("ws", "wss")


def feed_position(value: str) -> Position:
    """Convert the text ``EPOCH:SEQ`` to a position in the feed."""
    try:
        return Position.parse(value)
    except InvalidRequest as error:
        raise click.BadParameter("debe ser una posición como 22a192327d34:41") from error
