"""Check the rules of notifications before a deployment, for ``rules.js``.

It reads ``{"document", "email"}`` from stdin, where ``document`` is the parsed content of the
rules file, and prints ``{"problems", "rules", "subscriptions"}``. It runs with the standard
library of Python 3.11 alone: a deployment has no virtual environment.
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from alerta_utec.notifications.aws.rules import check

request = json.load(sys.stdin.buffer)
sys.stdout.write(json.dumps(check(request["document"], os.environ, email=request["email"])))
