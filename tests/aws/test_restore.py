"""The restore of a deployed stage from the command line, and its epochs."""

import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.deployment import Deployment
from tests.support.fresh_python import run_python
from tests.support.incidents import incident, unique
from tests.support.wsclient import WsClient


def run(deployment: Deployment, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command with an operator's credentials."""
    environment = deployment.emulator.environment | {"PYTHONIOENCODING": "utf-8"}
    return run_python("-m", "alerta_utec", *arguments, environment=environment, timeout_s=100)


def save(deployment: Deployment) -> str:
    """Return a new table with the changes of this moment, as DynamoDB recovers them."""
    changes, target = deployment.outputs["ChangesTable"], unique("saved")
    deployment.client("dynamodb").restore_table_to_point_in_time(
        SourceTableName=changes, TargetTableName=target, UseLatestRestorableTime=True
    )
    return target


def incidents(deployment: Deployment) -> set[str]:
    """Return the ids of all stored incidents."""
    table = deployment.client("dynamodb").scan(TableName=deployment.outputs["IncidentsTable"])
    return {item["incidentId"]["S"] for item in table["Items"]}


def position(client: WsClient) -> tuple[str, int]:
    """Return the feed's epoch and seq."""
    epoch, _, seq = str(client.ping()["position"]).partition(":")
    return epoch, int(seq)


def updates(client: WsClient) -> list[Any]:
    """Return the ids of the incidents in the broadcasts so far."""
    frames = [frame for frame in client.frames if frame["type"] == "incident_update"]
    return [frame["incident"]["incidentId"] for frame in frames]


def test_a_stage_is_restored_and_nothing_is_sent_again(deployment: Deployment) -> None:
    with WsClient(deployment.ws_url) as client:
        kept = client.notify(incident(location=unique("Aula")))["incidentId"]
        client.wait_update(kept)
        (epoch, seq), earlier = position(client), save(deployment)
        lost = client.notify(incident(location=unique("Aula")))["incidentId"]
        client.wait_update(lost)
        later = save(deployment)

        planned = run(deployment, "restore", "--aws", "--table", earlier, "--dry-run")
        unchanged = position(client)
        restored = run(deployment, "restore", "--aws", "--table", earlier, "--yes")
        after, left = position(client), incidents(deployment)
        again = run(deployment, "restore", "--aws", "--table", later, "--yes")
        new = client.notify(incident(location=unique("Aula")))
        client.wait_update(new["incidentId"])

    assert (planned.returncode, unchanged) == (0, (epoch, seq + 1)), planned.stderr
    assert "se pierden 1 cambios" in planned.stdout
    assert (restored.returncode, after[1]) == (0, seq), restored.stderr
    assert after[0] != epoch
    assert f"la secuencia sigue en {after[0]}:{seq}" in restored.stdout
    assert f"delete-table --table-name {earlier}" in restored.stdout
    assert kept in left
    assert lost not in left
    assert again.returncode == 0, again.stderr
    assert {kept, lost, new["incidentId"]} <= incidents(deployment)
    assert new["seq"] == seq + 2
    # The copy of the second one came before the new report in the stream, and was not broadcast.
    assert updates(client) == [kept, lost, new["incidentId"]]


def test_a_moment_is_recovered_by_dynamodb_and_another_one_is_refused(
    deployment: Deployment,
) -> None:
    # ministack's CloudFormation leaves it off.
    deployment.client("dynamodb").update_continuous_backups(
        TableName=deployment.outputs["ChangesTable"],
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
    )
    now = datetime.now(UTC).replace(microsecond=0)
    long_ago, moment = (now - timedelta(days=40)).isoformat(), now.isoformat()
    with WsClient(deployment.ws_url) as client:
        client.notify(incident(location=unique("Aula")))
        epoch, seq = position(client)

        refused = run(deployment, "restore", "--aws", "--at", long_ago)
        unknown = run(deployment, "restore", "--aws", "--table", "no-hay", "--yes")
        planned = run(deployment, "restore", "--aws", "--at", moment, "--dry-run")
        hour_ago = (now - timedelta(hours=1)).isoformat()
        all_lost = run(deployment, "restore", "--aws", "--at", hour_ago, "--dry-run")
        restored = run(deployment, "restore", "--aws", "--at", moment, "--yes")
        after = position(client)

    assert (refused.returncode, unknown.returncode) == (1, 1)
    assert "solo se puede recuperar de" in refused.stderr
    assert "no existe la tabla no-hay" in unknown.stderr
    assert planned.stdout.startswith("DynamoDB recuperaría los cambios")
    assert f"Se perderían los {seq} posteriores." in all_lost.stdout
    assert (restored.returncode, after[1]) == (0, seq), restored.stderr
    assert after[0] != epoch


def test_a_new_epoch_of_a_stage_begins_by_command(deployment: Deployment) -> None:
    with WsClient(deployment.ws_url) as client:
        client.notify(incident(location=unique("Aula")))
        epoch, seq = position(client)

        shown = run(deployment, "epoch", "--aws")
        planned = run(deployment, "epoch", "--aws", "--new", "--dry-run")
        unchanged = position(client)
        begun = run(deployment, "epoch", "--aws", "--new")
        after = position(client)

    assert shown.stdout == planned.stdout == f"{epoch}:{seq}\n"
    assert f"seguiría en el mismo cambio, el {seq}" in planned.stderr
    assert unchanged == (epoch, seq)
    assert begun.stdout == f"La secuencia empieza otra época: {after[0]}:{seq}.\n"
    assert (after[0] != epoch, after[1]) == (True, seq)
