"""The panel as people use it, by the roles and names of its elements."""

import re
from typing import Self

from playwright.sync_api import Locator, Page, expect

URGENCY = {"high": "Alta", "medium": "Media", "low": "Baja"}


class Panel:
    """A page with the panel in Spanish."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.list = page.get_by_role("list", name="Incidentes")
        self.dialog = page.get_by_role("dialog", name="Reportar incidente")
        self.filters = page.get_by_role("search", name="Buscar y filtrar")
        self.search = self.filters.get_by_role("searchbox", name="Buscar")
        self.summary = page.get_by_role("region", name="Resumen")

    def live(self) -> Self:
        """Wait until the page has caught up and receives every change."""
        expect(self.status("En vivo")).to_be_visible()
        return self

    def status(self, text: str | re.Pattern[str]) -> Locator:
        """Return the page's status text."""
        return self.page.get_by_role("status").filter(has_text=text)

    def row(self, kind: str) -> Locator:
        """Return an incident's row in the list, by its type."""
        exactly = self.page.get_by_text(kind, exact=True)
        return self.list.get_by_role("button").filter(has=exactly)

    def detail(self, kind: str) -> Locator:
        """Return the detail of the open incident, by its type."""
        return self.page.get_by_role("region", name=kind)

    def open(self, kind: str) -> Locator:
        """Open the first incident of that type in the list, and return its detail."""
        self.row(kind).first.click()
        detail = self.detail(kind)
        expect(detail).to_be_visible()
        return detail

    def report(
        self, kind: str, location: str, *, urgency: str = "low", description: str = ""
    ) -> None:
        """Fill in the form and send it."""
        self.page.get_by_role("button", name="Reportar incidente").click()
        self.dialog.get_by_label("Tipo").fill(kind)
        self.dialog.get_by_label("Lugar").fill(location)
        self.dialog.get_by_role("radio", name=re.compile(URGENCY[urgency])).check()
        self.dialog.get_by_label("Descripción").fill(description)
        self.dialog.get_by_role("button", name="Enviar reporte").click()
