"""The wing's HTTP routes."""

from alerta_utec.handlers.routes import HttpRoute

# Handled by cap.http.CapApi.
CAP_ROUTES: tuple[HttpRoute, ...] = (HttpRoute("GET /incidents/{incidentId}/cap", "show_alert"),)
