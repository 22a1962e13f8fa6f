"""Signing in, and what each role can see and do."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import target_of
from tests.browser.pages import REFUSED, Pages, Target, until
from tests.browser.panel import Panel
from tests.conformance.targets import http_request
from tests.support.incidents import incident, unique
from tests.support.server import Server
from tests.support.sign_in import WITH_SECRET, bearer, now_s, token

SUBJECT = "<img src=x onerror='window.ran=1'>"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A server with sign-in, without tolerance for clocks."""
    data: Path = tmp_path_factory.mktemp("guarded") / "data"
    with Server(data, environment={**WITH_SECRET, "ALERTA_AUTH_LEEWAY_S": "0"}) as server:
        yield target_of(server)


def submit(target: Target, kind: str, *, role: str = "estudiante", sub: str = "ana") -> str:
    """Report an incident with a person's token, and return its id."""
    body = json.dumps(incident(type=kind)).encode()
    answer = http_request(
        "POST", f"{target.http_url}/incidents", body, bearer(token(role, sub=sub))
    )
    assert answer.status == 201
    return str(answer.json()["incidentId"])


def kept(page: Page) -> list[str]:
    """Return the page's stored values that look like a token, and its address."""
    return page.evaluate(
        """() => [
            ...Object.entries(sessionStorage), ...Object.entries(localStorage),
            ["cookie", document.cookie], ["address", location.href],
        ].filter(([, value]) => value.includes("eyJ")).map(([name]) => name)"""
    )


def test_a_token_in_the_address_signs_in_and_is_removed_from_it(
    pages: Pages, guarded: Target
) -> None:
    page = pages.open(guarded, token=token("personal", sub="rosa"))
    panel = Panel(page).live()

    assert page.url == guarded.url
    assert kept(page) == ["alerta.token"]
    assert page.evaluate("sessionStorage.getItem('alerta.token')")
    expect(page.get_by_role("button", name="Salir rosa")).to_be_visible()
    page.reload()
    panel.live()
    assert page.url == guarded.url


def test_a_token_in_the_address_keeps_the_incident_in_it(pages: Pages, guarded: Target) -> None:
    kind = unique("Humo")
    name = submit(guarded, kind)
    page = pages.open(guarded, path=f"#i={name}&token={token('personal')}")

    panel = Panel(page).live()

    expect(panel.detail(kind)).to_be_visible()
    assert page.url == f"{guarded.url}#i={name}"


def test_the_form_asks_for_a_token_and_reports_a_refused_one(pages: Pages, guarded: Target) -> None:
    page = pages.open(guarded, expected=[REFUSED])
    form = page.get_by_role("dialog", name="Iniciar sesión")
    field, enter = form.get_by_label("Token de acceso"), form.get_by_role("button", name="Entrar")

    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(form).to_be_visible()
    for refused in ("no es ninguna", token("personal", exp=now_s() - 1), token(aud="otro")):
        field.fill(refused)
        enter.click()
        expect(form.get_by_role("alert")).to_have_text("El token no es válido o ha vencido.")
        expect(field).to_have_value("")
        assert kept(page) == []
    assert violations(page) == []
    field.fill(token("personal"))
    page.keyboard.press("Enter")

    expect(form).to_be_hidden()
    Panel(page).live()


def test_signing_out_forgets_the_token(pages: Pages, guarded: Target) -> None:
    page = pages.open(guarded, token=token("personal", sub="rosa"))
    Panel(page).live()

    page.get_by_role("button", name="Salir").click()

    expect(page.get_by_role("dialog", name="Iniciar sesión")).to_be_visible()
    assert kept(page) == []
    expect(page.get_by_role("list", name="Incidentes").get_by_role("button")).to_have_count(0)


def test_an_ended_session_asks_for_a_new_token_and_continues(pages: Pages, guarded: Target) -> None:
    page = pages.open(
        guarded, token=token("personal", exp=now_s() + 5), expected=[REFUSED, "^unauthorized"]
    )
    panel = Panel(page).live()
    kind = unique("Fuga")

    form = page.get_by_role("dialog", name="Iniciar sesión")
    expect(form.get_by_role("alert")).to_have_text("El token no es válido o ha vencido.")
    submit(guarded, kind)
    form.get_by_label("Token de acceso").fill(token("personal"))
    form.get_by_role("button", name="Entrar").click()

    expect(panel.live().row(kind)).to_be_visible()


@pytest.mark.parametrize(
    ("role", "moves", "reopens"),
    [("estudiante", False, False), ("personal", True, False), ("autoridad", True, True)],
)
def test_each_role_has_the_buttons_of_its_permissions(
    pages: Pages, guarded: Target, role: str, moves: bool, reopens: bool
) -> None:
    kind = unique("Robo")
    name = submit(guarded, kind)
    panel = Panel(pages.open(guarded, token=token(role, sub=SUBJECT))).live()

    detail = panel.open(kind)

    expect(detail.get_by_role("heading", name="Historial")).to_be_visible()
    for button in ("Atender", "Resolver", "Agregar nota"):
        expect(detail.get_by_role("button", name=button)).to_have_count(int(moves))
    expect(detail.get_by_label("Nota para el historial")).to_be_visible(visible=moves)
    expect(detail.get_by_label("Cambiar urgencia")).to_have_count(int(reopens))
    # Only staff can see who reported.
    expect(detail.get_by_text("Reportado por")).to_have_count(int(moves))
    body = json.dumps({"status": "resuelto"}).encode()
    url = f"{guarded.http_url}/incidents/{name}"
    assert http_request("PATCH", url, body, bearer(token("autoridad"))).status == 200
    expect(detail.get_by_text("Resuelto").first).to_be_visible()
    expect(detail.get_by_role("button", name="Reabrir")).to_have_count(int(reopens))
    assert panel.page.evaluate("window.ran") is None


def addresses(page: Page) -> list[str]:
    """Return the addresses of the tab's history."""
    found: list[str] = page.evaluate("navigation.entries().map(({ url }) => url)")
    return found


def signed_in(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=f"Salir {name}")


@pytest.mark.parametrize("loaded", [False, True], ids=["in-the-open-page", "as-a-new-page"])
def test_a_link_asks_before_it_replaces_another_person(
    pages: Pages, guarded: Target, loaded: bool
) -> None:
    page = pages.open(guarded, token=token("personal", sub="rosa"))
    Panel(page).live()
    link = f"{guarded.url}#token={token('autoridad', sub=SUBJECT)}"
    dialog = page.get_by_role("dialog", name="El enlace es de otra persona")

    for choose in ("Seguir con mi sesión", "Escape"):
        if loaded:
            page.goto("about:blank")
        page.goto(link)
        expect(dialog).to_contain_text("Sesión iniciada: rosa")
        expect(dialog).to_contain_text(SUBJECT)
        assert not [one for one in addresses(page) if "token" in one]
        assert violations(page) == []
        if choose == "Escape":
            page.keyboard.press("Escape")
        else:
            dialog.get_by_role("button", name=choose).click()
        expect(signed_in(page, "rosa")).to_be_visible()
        Panel(page).live()
        expect(dialog).to_be_hidden()

    if loaded:
        page.goto("about:blank")
    page.goto(link)
    dialog.get_by_role("button", name="Cambiar de persona").click()

    expect(signed_in(page, SUBJECT)).to_be_visible()
    Panel(page).live()
    assert kept(page) == ["alerta.token"]
    assert not [one for one in addresses(page) if "token" in one]
    assert page.evaluate("window.ran") is None


def test_a_link_of_the_same_person_renews_the_session_without_a_question(
    pages: Pages, guarded: Target
) -> None:
    page = pages.open(guarded, token=token("personal", sub="rosa"))
    Panel(page).live()
    renewed = token("personal", sub="rosa", exp=now_s() + 1234)

    page.goto(f"{guarded.url}#token={renewed}")

    until(page, lambda: page.evaluate("sessionStorage.getItem('alerta.token')") == renewed)
    expect(page.get_by_role("dialog")).to_have_count(0)
    Panel(page).live()


@pytest.mark.parametrize("given", ["", "no-es-ninguno", "VENCIDO"])
def test_a_link_with_a_refused_token_leaves_the_session_as_it_is(
    pages: Pages, guarded: Target, given: str
) -> None:
    page = pages.open(guarded, token=token("personal", sub="rosa"), expected=[REFUSED])
    panel = Panel(page).live()
    before = page.evaluate("sessionStorage.getItem('alerta.token')")

    given = token("autoridad", exp=now_s() - 60) if given == "VENCIDO" else given
    page.goto(f"{guarded.url}#token={given}")

    if given:
        expect(panel.status("El token del enlace no es válido")).to_be_visible()
    expect(page).to_have_url(guarded.url)
    page.reload()
    expect(signed_in(page, "rosa")).to_be_visible()
    assert page.evaluate("sessionStorage.getItem('alerta.token')") == before
