"""The Lambda of the routes of keys."""

from os import environ

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.connections_api.client import connections_http
from alerta_utec.adapters.aws.connections_api.credentials import ApiCredentials
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.deployments.aws.allowed_origins import origins
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.services.incidents import submit_limit
from alerta_utec.deployments.aws.services.metrics import embedded_metrics
from alerta_utec.deployments.aws.services.signing_in import authenticator, key_store
from alerta_utec.handlers.http_api import HttpApi, handlers_of
from alerta_utec.sign_in.http_keys import KeysApi, KeyServices
from alerta_utec.sign_in.manage_keys import ManageKeys
from alerta_utec.sign_in.routes import KEY_ROUTES

dynamodb = clients.dynamodb()
connections = ApiCredentials(
    dynamodb,
    environ["CONNECTIONS_TABLE"],
    connections_http(environ["MANAGEMENT_ENDPOINT"], keep=1),
)
services = KeyServices(
    authenticator=authenticator(dynamodb, environ),
    limit=submit_limit(dynamodb, environ),
    manage_keys=ManageKeys(key_store(dynamodb, environ), connections, SystemClock()),
)
api = HttpApi(
    handlers_of(KEY_ROUTES, KeysApi.over(services)), origins(environ), embedded_metrics(environ)
)
handler = lambda_handler(api.handle)
