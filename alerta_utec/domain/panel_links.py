"""Addresses in the panel."""

from urllib.parse import urlencode


def incident_page(panel_url: str, incident_id: str) -> str:
    """Return the address of an incident in the panel, whose own has no slash at its end."""
    return f"{panel_url}/#{urlencode({'i': incident_id})}"
