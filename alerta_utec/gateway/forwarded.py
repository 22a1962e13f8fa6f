"""Where a request comes from and what its client asked for, also through trusted proxies."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
Headers = Sequence[tuple[str, str]]

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~%!$&'()*+;=:@-]+)+")
_WITH_PORT = re.compile(r"\[([^\]]+)\](?::\d+)?|([0-9.]+):\d+")
# RFC 7239, section 4: pairs separated by ";" in elements separated by ","; values may be quoted.
_ELEMENT = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_PAIR = re.compile(r'\s*([A-Za-z]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)\s*(?:;|$)')
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
# The scheme says them; a proxy behind another may name its own plain port.
_USUAL_PORTS = frozenset({"80", "443"})
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RequestSource:
    """The client of a request, and the address that the client asked.

    ``client``: its IP address, or ``unknown``. ``host``: with the port, if it is not the usual
    one. ``prefix``: the path below which a proxy serves this service, or no text.
    """

    client: str
    scheme: str
    host: str
    prefix: str = ""
    forwarded: bool = False

    def headers(self, headers: Headers) -> list[tuple[str, str]]:
        """Return the headers with ``Host`` and ``X-Forwarded-…`` as this source says.

        API Gateway sets them likewise: a handler may believe them.
        """
        kept = [(n, v) for n, v in headers if not _is_forwarding(n) and n.lower() != "host"]
        kept += [("Host", self.host)] if self.host else []
        kept += [("X-Forwarded-For", self.client), ("X-Forwarded-Proto", self.scheme)]
        return kept + ([("X-Forwarded-Prefix", self.prefix)] if self.prefix else [])


class TrustedProxies:
    """The networks whose proxies are believed: what any other peer says is not forwarded."""

    def __init__(self, networks: Iterable[Network] = ()) -> None:
        self._networks = tuple(networks)

    def trust(self, address: str) -> bool:
        """Return whether the address is one of a trusted proxy."""
        found = _ip(address)
        return found is not None and any(found in network for network in self._networks)

    def source(self, peer: str, headers: Headers, *, secure: bool) -> RequestSource:
        """Return the source of a request that the peer sent, over TLS if ``secure``.

        Lists are read from their end, as far as trusted proxies wrote them: what stands before
        is the client's own text.
        """
        scheme = "https" if secure else "http"
        host = next(iter(_values(headers, "host")), "")
        if not self.trust(peer):
            return RequestSource(_bare(peer), scheme, host)
        said = _Said.of(headers)
        chain = [*said.clients, peer]
        index = len(chain) - 1
        while index > 0 and self.trust(chain[index]):
            index -= 1
        hops = max(1, len(chain) - 1 - index)
        client = _bare(chain[index]) if _ip(chain[index]) else _UNKNOWN
        asked = _last(said.hosts, hops)
        return RequestSource(
            client,
            _SCHEMES.get(_last(said.schemes, hops).lower(), scheme),
            _with_port(asked if _HOST.fullmatch(asked) else host, _last(said.ports, hops)),
            "".join(filter(_PREFIX.fullmatch, (p.rstrip("/") for p in said.prefixes[-hops:]))),
            forwarded=True,
        )


@dataclass(frozen=True, slots=True)
class _Said:
    """The lists that proxies wrote, the first proxy's entry first."""

    clients: Sequence[str]
    schemes: Sequence[str]
    hosts: Sequence[str]
    ports: Sequence[str]
    prefixes: Sequence[str]

    @classmethod
    def of(cls, headers: Headers) -> "_Said":
        """Read ``X-Forwarded-…``, or ``Forwarded`` (RFC 7239) if there is no ``X-Forwarded-For``.

        A proxy that writes one of them may pass on the other as a client wrote it.
        """
        prefixes = _list(headers, "x-forwarded-prefix")
        elements = _elements(",".join(_values(headers, "forwarded")))
        clients = _list(headers, "x-forwarded-for")
        if elements and not clients:
            clients, schemes, hosts = (
                [element.get(name, "") for element in elements] for name in ("for", "proto", "host")
            )
            return cls(clients, schemes, hosts, [], prefixes)
        schemes, hosts, ports = (
            _list(headers, f"x-forwarded-{name}") for name in ("proto", "host", "port")
        )
        return cls(clients, schemes, hosts, ports, prefixes)


def _elements(text: str) -> list[dict[str, str]]:
    return [
        {name.lower(): _unquoted(value.strip()) for name, value in _PAIR.findall(element)}
        for element in _ELEMENT.findall(text)
    ]


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _values(headers: Headers, name: str) -> list[str]:
    return [value for header, value in headers if header.lower() == name]


def _list(headers: Headers, name: str) -> list[str]:
    joined = ",".join(_values(headers, name))
    return [entry.strip() for entry in joined.split(",")] if joined.strip() else []


def _last(entries: Sequence[str], hops: int) -> str:
    """Return the entry of the outermost trusted proxy that wrote one."""
    return entries[-min(hops, len(entries))] if entries else ""


def _with_port(host: str, port: str) -> str:
    named = _HOST.fullmatch(host)
    if not named or named[2] or port in _USUAL_PORTS or not re.fullmatch(r"[0-9]{1,5}", port):
        return host
    return f"{host}:{port}"


def _bare(address: str) -> str:
    """Return an address without its port, and IPv4 inside IPv6 as IPv4."""
    found = _ip(address)
    return address if found is None else str(found)


def _ip(text: str) -> IPv4Address | IPv6Address | None:
    if with_port := _WITH_PORT.fullmatch(text):
        text = with_port[1] or with_port[2]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _is_forwarding(name: str) -> bool:
    return name.lower() == "forwarded" or name.lower().startswith("x-forwarded-")
