"""``random_bytes``: the random part of every id, from a stock that is filled up now and then."""

import subprocess
import sys

from alerta_utec.domain.ids import random_bytes

# In a process of its own: a fork of one with several threads is deprecated.
FORK = """
import os
from alerta_utec.domain.ids import random_bytes
random_bytes(10)  # there is a stock now
is_child = os.fork() == 0
if not is_child:
    os.wait()
print(random_bytes(10).hex(), flush=True)
"""


def test_no_random_bytes_come_twice() -> None:
    drawn = [random_bytes(16) for _ in range(2000)]

    assert len(set(drawn)) == len(drawn)
    assert {len(one) for one in drawn} == {16}


def test_a_forked_process_does_not_repeat_its_parents_ids() -> None:
    done = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, check=True)

    of_child, of_parent = done.stdout.split()
    assert of_child != of_parent
