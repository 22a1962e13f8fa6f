"""Confirming a subscription from the command line, and the count of the others."""

import json
import subprocess

from tests.support.deployment import Deployment
from tests.support.fresh_python import run_python
from tests.support.incidents import unique
from tests.support.receiver import Receiver


def subscriptions(deployment: Deployment, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command with an operator's credentials."""
    environment = deployment.emulator.environment | {"PYTHONIOENCODING": "utf-8"}
    return run_python("-m", "alerta_utec", "subscriptions", *arguments, environment=environment)


def count(deployment: Deployment) -> dict[str, int]:
    """Run the scheduled function once, and return its counts."""
    answer = deployment.client("lambda").invoke(
        FunctionName=deployment.function("subscriptions"), Payload=b"{}"
    )
    counts: dict[str, int] = json.loads(answer["Payload"].read())
    return counts


def test_a_link_confirms_a_subscription_and_an_unknown_token_says_what_to_do(
    deployment: Deployment,
) -> None:
    sns, topic = deployment.client("sns"), deployment.outputs["OperatorsTopic"]
    before = count(deployment)
    with Receiver() as receiver:
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{receiver.url}/{unique()}")
        (asked,) = receiver.wait()
        link = json.loads(asked.body)["SubscribeURL"]
        pending, shown = count(deployment), subscriptions(deployment, "list")

        confirmed = subscriptions(deployment, "confirm", link)

    after, unknown = count(deployment), subscriptions(deployment, "confirm", "otro-token")
    assert (pending["pending"], after["pending"]) == (before["pending"] + 1, before["pending"])
    assert after["confirmed"] == pending["confirmed"] + 1
    assert f"{receiver.url}" in shown.stdout
    assert "FALTA CONFIRMAR" in shown.stdout
    assert (confirmed.returncode, confirmed.stdout) == (0, "Confirmada: Alarmas del servicio.\n")
    assert unknown.returncode == 1
    assert "SNS no conoce ese token" in unknown.stderr
    assert "--param=" in unknown.stderr
