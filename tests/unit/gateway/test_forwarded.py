"""The source of a request behind proxies that are trusted, and behind others."""

from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.gateway.forwarded import RequestSource, TrustedProxies

PROXY, INNER, CLIENT = "127.0.0.1", "10.1.2.3", "203.0.113.5"
TRUSTED = TrustedProxies(map(ip_network, ("127.0.0.0/8", "10.0.0.0/8", "::1/128")))
HOST = "alerta.example.edu"


def source(*headers: tuple[str, str], peer: str = PROXY, secure: bool = False) -> RequestSource:
    """The source of a request with these headers."""
    return TRUSTED.source(peer, [("Host", HOST), *headers], secure=secure)


def seen(*headers: tuple[str, str], **request: Any) -> str:
    """The URL that the client asked, as far as the headers say."""
    found = source(*headers, **request)
    return f"{found.scheme}://{found.host}{found.prefix}"


FORGED = [
    ("X-Forwarded-For", "198.51.100.1"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-Port", "8443"),
    ("X-Forwarded-Prefix", "/evil"),
    ("Forwarded", "for=198.51.100.1;proto=https;host=evil.example"),
]


def test_a_peer_that_is_not_trusted_forwards_nothing() -> None:
    found = source(*FORGED, peer=CLIENT)

    assert found == RequestSource(CLIENT, "http", HOST)


def test_the_handlers_see_no_header_that_a_client_forged() -> None:
    headers = [("Host", HOST), ("Accept", "*/*"), *FORGED]

    shown = source(*FORGED, peer=CLIENT).headers(headers)

    assert shown == [
        ("Accept", "*/*"),
        ("Host", HOST),
        ("X-Forwarded-For", CLIENT),
        ("X-Forwarded-Proto", "http"),
    ]


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        ([], PROXY),
        ([("X-Forwarded-For", CLIENT)], CLIENT),
        ([("x-forwarded-for", CLIENT)], CLIENT),
        ([("X-Forwarded-For", f"198.51.100.1, {CLIENT}")], CLIENT),
        ([("X-Forwarded-For", f"127.0.0.1, {CLIENT}")], CLIENT),
        ([("X-Forwarded-For", f"198.51.100.1,{CLIENT}, {INNER}")], CLIENT),
        ([("X-Forwarded-For", CLIENT), ("X-Forwarded-For", INNER)], CLIENT),
        ([("X-Forwarded-For", f"{CLIENT}:4711")], CLIENT),
        ([("X-Forwarded-For", "2001:db8::7")], "2001:db8::7"),
        ([("X-Forwarded-For", "[2001:db8::7]:4711")], "2001:db8::7"),
        ([("X-Forwarded-For", f"::ffff:{CLIENT}")], CLIENT),
        ([("X-Forwarded-For", "unknown")], "unknown"),
        ([("X-Forwarded-For", "<script>")], "unknown"),
        ([("X-Forwarded-For", f"{INNER}, {INNER}")], INNER),
        ([("Forwarded", f"for={CLIENT}")], CLIENT),
        ([("forwarded", f'For="{CLIENT}:4711"')], CLIENT),
        ([("Forwarded", 'for="[2001:db8::7]:4711"')], "2001:db8::7"),
        ([("Forwarded", f"for=198.51.100.1, for={CLIENT};by=x , FOR={INNER}")], CLIENT),
        ([("Forwarded", f"for={CLIENT}"), ("Forwarded", f"for={INNER}")], CLIENT),
        ([("Forwarded", "for=_hidden")], "unknown"),
        ([("Forwarded", "proto=https")], "unknown"),
        ([("Forwarded", "for=198.51.100.1"), ("X-Forwarded-For", CLIENT)], CLIENT),
    ],
)
def test_the_client_is_the_last_address_that_a_trusted_proxy_wrote(
    headers: list[tuple[str, str]], client: str
) -> None:
    assert source(*headers).client == client


@pytest.mark.parametrize(
    ("headers", "url"),
    [
        ([], f"http://{HOST}"),
        ([("X-Forwarded-Proto", "https")], f"https://{HOST}"),
        ([("x-forwarded-proto", "HTTPS")], f"https://{HOST}"),
        ([("X-Forwarded-Proto", "wss")], f"https://{HOST}"),
        ([("X-Forwarded-Proto", "javascript")], f"http://{HOST}"),
        ([("X-Forwarded-Host", "a.example:8443")], "http://a.example:8443"),
        ([("X-Forwarded-Host", "a.example; script-src *")], f"http://{HOST}"),
        ([("X-Forwarded-Proto", "https"), ("X-Forwarded-Port", "8443")], f"https://{HOST}:8443"),
        ([("X-Forwarded-Proto", "https"), ("X-Forwarded-Port", "443")], f"https://{HOST}"),
        ([("X-Forwarded-Proto", "https"), ("X-Forwarded-Port", "80")], f"https://{HOST}"),
        ([("X-Forwarded-Port", "no")], f"http://{HOST}"),
        ([("X-Forwarded-Prefix", "/alerta")], f"http://{HOST}/alerta"),
        ([("X-Forwarded-Prefix", "/alerta/")], f"http://{HOST}/alerta"),
        ([("X-Forwarded-Prefix", "/a b")], f"http://{HOST}"),
        ([("X-Forwarded-Prefix", "//evil.example")], f"http://{HOST}"),
        ([("Forwarded", "for=1.2.3.4;proto=https;host=a.example")], "https://a.example"),
        ([("Forwarded", 'host="a.example:8443";PROTO="https"')], "https://a.example:8443"),
    ],
)
def test_the_asked_address_is_what_the_trusted_proxy_says(
    headers: list[tuple[str, str]], url: str
) -> None:
    assert seen(*headers) == url


@pytest.mark.parametrize(
    ("proto", "host", "prefix"),
    [
        ("https, http", "a.example, inner.example", "/alerta"),
        ("ftp, https, http", "evil.example, a.example, inner.example", "/evil, /alerta,"),
        ("https", "a.example", "/alerta"),
    ],
)
def test_of_two_trusted_proxies_the_outer_one_says_what_the_client_asked(
    proto: str, host: str, prefix: str
) -> None:
    headers = [
        ("X-Forwarded-For", f"{CLIENT}, {INNER}"),
        ("X-Forwarded-Proto", proto),
        ("X-Forwarded-Host", host),
        ("X-Forwarded-Prefix", prefix),
    ]

    assert source(*headers).client == CLIENT
    assert seen(*headers).startswith("https://a.example")
    assert "evil" not in seen(*headers)


def test_prefixes_of_two_trusted_proxies_follow_each_other() -> None:
    found = source(("X-Forwarded-For", f"{CLIENT}, {INNER}"), ("X-Forwarded-Prefix", "/a, /b"))

    assert found.prefix == "/a/b"


def test_the_service_s_own_tls_counts_where_no_proxy_says_otherwise() -> None:
    assert seen(secure=True) == f"https://{HOST}"
    assert seen(peer=CLIENT, secure=True) == f"https://{HOST}"


NAMES = st.sampled_from([name for name, _ in FORGED])
TEXTS = st.text(max_size=40) | st.text(',;="\\[]:for. 12', max_size=40)


@given(st.lists(st.tuples(NAMES, TEXTS), max_size=6))
def test_no_text_of_a_header_breaks_it_or_becomes_part_of_another(
    headers: list[tuple[str, str]],
) -> None:
    found = source(*headers)

    assert found.scheme in {"http", "https"}
    assert not set(found.host + found.prefix + found.client) & set(' \r\n"<>,;')
