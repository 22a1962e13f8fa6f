"""What a machine's key reads over HTTP."""

import pytest

from alerta_utec.domain.filters import Filter
from alerta_utec.domain.policy import Scope
from tests import events
from tests.fakes.authentication import FixedAuthenticator, machine
from tests.support.incidents import incident
from tests.unit.handlers.conftest import ServiceOverFakes

PATIO = Filter(location=frozenset({"patio"}))


def serve(*scopes: Scope, only: Filter) -> ServiceOverFakes:
    """Return the service for one key, with an incident in the patio and one in the library."""
    service = ServiceOverFakes()
    for place in ("Patio", "Biblioteca"):
        service.submit(incident(incidentId=f"en-{place.lower()}", location=place))
    return ServiceOverFakes(
        stored=service.stored, authenticator=FixedAuthenticator(machine(*scopes, only=only))
    )


def test_a_listing_has_only_what_the_filter_of_the_key_accepts() -> None:
    service = serve(Scope.READ, only=PATIO)

    body = service.get("http_list", queryStringParameters={})[2]

    assert [found["incidentId"] for found in body["incidents"]] == ["en-patio"]


@pytest.mark.parametrize(("name", "status"), [("en-patio", 200), ("en-biblioteca", 404)])
@pytest.mark.parametrize("end", ["", "/cap"])
def test_an_incident_outside_the_filter_of_the_key_is_not_found(
    name: str, status: int, end: str
) -> None:
    service = serve(Scope.READ, only=PATIO)
    event = events.load("http_show") | {
        "routeKey": "GET /incidents/{incidentId}" + end,
        "pathParameters": {"incidentId": name},
    }

    response = service.http({**event, "queryStringParameters": {}})

    assert response["statusCode"] == status


@pytest.mark.parametrize(("only", "status"), [(PATIO, 403), (Filter(), 200)])
def test_a_key_with_a_filter_has_no_statistics(only: Filter, status: int) -> None:
    service = serve(Scope.READ, only=only)
    event = events.load("http_list") | {"routeKey": "GET /stats", "queryStringParameters": {}}

    assert service.http(event)["statusCode"] == status


@pytest.mark.parametrize(
    "route",
    [
        "GET /incidents",
        "GET /incidents/{incidentId}",
        "GET /incidents/{incidentId}/cap",
        "GET /stats",
    ],
)
def test_a_key_that_may_not_read_gets_403(route: str) -> None:
    service = serve(Scope.REPORT, Scope.UPDATE, Scope.FEED, Scope.MANAGE, only=Filter())
    event = events.load("http_show") | {"routeKey": route, "queryStringParameters": {}}

    assert service.http(event)["statusCode"] == 403
