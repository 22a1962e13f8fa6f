"""E-mail through SNS: one topic, to which addresses, telephones and queues subscribe."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alerta_utec.adapters.aws.errors import translated
from alerta_utec.notifications.fitting import cut_body
from alerta_utec.notifications.mailer import Email
from alerta_utec.notifications.sms import one_part

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

# SNS Publish: a subject is ASCII text of less than 100 characters, one line.
SUBJECT_MAX = 99
# Message and attributes share 256 KB; a subscription's filter needs a word, not a text.
ATTRIBUTE_MAX_BYTES = 1024
ARRAY_MAX_BYTES = 12 * 1024
# SNS Publish: 256 KB, which JSON's escapes and the ten attributes share with the text.
MESSAGE_MAX_BYTES = 256 * 1024 - 10 * (ARRAY_MAX_BYTES + 100) - 2048


@dataclass(frozen=True)
class SnsMailer:
    """A ``Mailer`` to a topic; the attributes are for the filter policies of subscriptions.

    Telephones get the ``short`` form of an e-mail, if it has one.
    """

    client: "SNSClient"
    topic_arn: str

    def send(self, email: Email) -> None:
        body = cut_body(email.body, email.cut_note, _fits)
        message: dict[str, Any] = {"Message": body}
        if email.short is not None:
            sms = email.short.fitted(one_part)
            each = json.dumps({"default": body, "sms": sms}, ensure_ascii=False)
            message = {"Message": each, "MessageStructure": "json"}
        with translated("Publish"):
            self.client.publish(
                TopicArn=self.topic_arn,
                Subject=_subject(email.subject),
                MessageAttributes={
                    name: _attribute(value)
                    for name, value in email.attributes.items()
                    if value or value == 0
                },
                **message,
            )


def _subject(subject: str) -> str:
    line = " ".join(subject.encode("ascii", "replace").decode().split())
    return line[:SUBJECT_MAX]


def _attribute(value: str | int | Sequence[str]) -> "MessageAttributeValueTypeDef":
    if isinstance(value, str):
        cut = value.encode()[:ATTRIBUTE_MAX_BYTES].decode(errors="ignore")
        return {"DataType": "String", "StringValue": cut}
    if isinstance(value, int):
        return {"DataType": "Number", "StringValue": str(value)}
    # A filter policy compares its value with each of the array.
    values = list(value)
    while len(written := json.dumps(values)) > ARRAY_MAX_BYTES:
        del values[len(values) * ARRAY_MAX_BYTES // len(written) :]
    return {"DataType": "String.Array", "StringValue": written}


def _fits(text: str) -> bool:
    return len(json.dumps(text, ensure_ascii=False).encode()) <= MESSAGE_MAX_BYTES
