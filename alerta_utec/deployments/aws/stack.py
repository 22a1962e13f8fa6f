"""A deployed stack as commands find it, from outside AWS and with the operator's credentials."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from alerta_utec.adapters.aws import clients, stack
from alerta_utec.domain.errors import NotFound


@dataclass(frozen=True)
class DeployedStack:
    """A stack of this service."""

    name: str
    region: str
    outputs: Mapping[str, str]


def find_stack(name: str, *, region: str | None, wanted: Iterable[str]) -> DeployedStack:
    """Return the stack ``name``, which has the outputs ``wanted``; set the region of all clients.

    Raises:
        NotFound: the stack does not exist, or is not one of this service.
        Unauthorized: there are no credentials, or they are not accepted.
        Unavailable, Internal: the stack cannot be read now, or at all.
    """
    # A command explains its failures by itself.
    logging.getLogger("alerta_utec").addHandler(logging.NullHandler())
    chosen = clients.choose_region(region)
    outputs = stack.outputs(name)
    missing = [output for output in wanted if output not in outputs]
    if missing:
        raise NotFound(f"{name}: {', '.join(missing)}")
    return DeployedStack(name, chosen, outputs)
