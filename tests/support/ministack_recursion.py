"""Lambda's recursive loop detection for queues, which ministack has for direct calls only.

Lambda developer guide, "Use Lambda recursive loop detection to prevent infinite loops": a function
that is invoked more than about 16 times in one chain of requests is stopped, unless its
``RecursiveLoop`` is ``Allow``; AWS's SDK hands the chain on in ``X-Amzn-Trace-Id``. ministack's
SDK hands on how long the chain is. A message that is sent continues it, and an invocation that is
stopped leaves its messages in the queue.
"""

from contextvars import ContextVar
from typing import Any

from ministack.services import lambda_svc, sqs
from ministack.services.cloudformation import provisioners

FUNCTION = "AWS::Lambda::Function"
# The key of a message's chain among its system attributes.
CHAIN = "chain"

_sender: ContextVar[int] = ContextVar("sender", default=0)
_handle, _attributes = sqs.handle_request, sqs._build_send_sys_attrs
_run_batch = lambda_svc._run_sqs_batch


async def handle(method: str, path: str, headers: dict[str, str], *more: Any) -> Any:
    """Handle a request to SQS; remember how long its sender's chain is."""
    _sender.set(lambda_svc._inbound_invoke_depth(headers))
    return await _handle(method, path, headers, *more)


def attributes(*given: Any) -> dict[str, Any]:
    """Return the system attributes of a message that is being sent."""
    return {**_attributes(*given), CHAIN: _sender.get()}


def run_batch(mapping: Any, function: Any, event: Any, batch: Any, *more: Any) -> None:
    """Invoke the function, unless the chain of a message is too long."""
    chain = 1 + max(message["sys"].get(CHAIN, 0) for message in batch)
    if lambda_svc._recursive_loop_drop(mapping["FunctionName"], function, chain) is not None:
        mapping["LastProcessingResult"] = "PROBLEM: recursive loop"
        return
    lambda_svc._invoke_depth.set(chain)
    _run_batch(mapping, function, event, batch, *more)


def _with_setting(provision: Any) -> Any:
    """Return a step of CloudFormation that also sets ``RecursiveLoop``."""

    def provision_with_setting(*asked: Any, **more: Any) -> Any:
        made = provision(*asked, **more)
        properties = next(one for one in reversed(asked) if isinstance(one, dict))
        lambda_svc._functions[made[0]]["recursive_loop"] = properties.get("RecursiveLoop")
        return made

    return provision_with_setting


def install() -> None:
    """Make ministack detect these loops."""
    sqs.handle_request, sqs._build_send_sys_attrs = handle, attributes
    lambda_svc._run_sqs_batch = run_batch
    own = provisioners._RESOURCE_HANDLERS[FUNCTION]
    steps = {step: _with_setting(own[step]) for step in ("create", "update")}
    provisioners._RESOURCE_HANDLERS[FUNCTION] = own | steps
