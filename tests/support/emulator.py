"""An emulated AWS (ministack) as a process of its own, on loopback."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.eventually import eventually

ROOT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
READY_S = 60.0
STOP_S = 10.0
# Another process can take the port before ministack does: then a start needs another one.
ATTEMPTS = 3


class EmulatorFailed(Exception):
    """The emulator did not start; the text ends with its log."""


class Emulator:
    """``with Emulator() as emulator:`` — ready inside the block, gone after it.

    Its state, its log and the files of its Lambdas live in a temporary folder of its own.
    ``enforce_iam``: it checks signatures, and a Lambda may do what its role allows. ``late_s``:
    how long after its creation an event source begins. ``lag_s``: how far secondary indexes lag.
    """

    def __init__(
        self, *, enforce_iam: bool = False, late_s: float = 5.0, lag_s: float = 0.0
    ) -> None:
        self._enforce_iam, self._late_s, self._lag_s = enforce_iam, late_s, lag_s
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="emulator-", ignore_cleanup_errors=True)
        self.port = 0

    @property
    def endpoint_url(self) -> str:
        """Return the address that all services share."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that direct a process to this AWS and no other, besides its own
        environment without any ``AWS_…`` (see ``clean_environment``)."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @property
    def log(self) -> str:
        """Return what the emulator has written so far."""
        return self._log_path.read_text(errors="replace") if self._log_path.exists() else ""

    @property
    def _log_path(self) -> Path:
        return Path(self._folder.name) / "emulator.log"

    def __enter__(self) -> Self:
        try:
            for attempt in range(1, ATTEMPTS + 1):
                self._start()
                if self._becomes_ready():
                    return self
                self._stop()
                if attempt == ATTEMPTS:
                    raise EmulatorFailed(f"ministack did not start:\n{self.log[-4000:]}")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._stop()
        self._folder.cleanup()

    def _start(self) -> None:
        self.port = free_port()
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.ministack_launcher"],
                cwd=ROOT,
                env=clean_environment() | self.environment | self._settings(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _settings(self) -> dict[str, str]:
        folder = self._folder.name
        return {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "AUTH": str(self._enforce_iam).lower(),
            "TMPDIR": folder,
            "STATE_DIR": f"{folder}/state",
            "S3_DATA_DIR": f"{folder}/s3",
            "PERSIST_STATE": "0",
            # How many Lambdas run at once, each a process, and for how long they stay.
            "MINISTACK_WORKER_THREADS": "12",
            "LAMBDA_WARM_TTL_SECONDS": "30",
            # As many Lambdas run at once in a new account (Lambda developer guide, "Quotas").
            "LAMBDA_ACCOUNT_CONCURRENCY": "10",
            "EVENT_SOURCES_LATE_S": str(self._late_s),
            "INDEX_LAG_S": str(self._lag_s),
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "PYTHONUNBUFFERED": "1",
        }

    def _becomes_ready(self) -> bool:
        with contextlib.suppress(AssertionError):
            eventually(lambda: not self._alive or self._answers(), within_s=READY_S)
            return self._alive
        return False

    @property
    def _alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.endpoint_url}/_ministack/ready", timeout=2):  # noqa: S310 (http on loopback)
                return True
        except (urllib.error.URLError, OSError):
            return False

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        # Its Lambdas are processes of the same group; none has state to save.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_S)
        if process.stdin is not None:
            process.stdin.close()


def clean_environment() -> dict[str, str]:
    """Return this process's environment without the variables that name an AWS account."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def free_port() -> int:
    """Return a port on loopback that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
