"""The ``Mailer`` on SNS: one topic, to which addresses and queues subscribe."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws.errors import translated
from alerta_utec.ports import Email

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

# SNS Publish: a subject is ASCII text of less than 100 characters, one line.
SUBJECT_MAX = 99
# Message and attributes share 256 KB; a subscription's filter needs a word, not a text.
ATTRIBUTE_MAX_BYTES = 1024


@dataclass(frozen=True)
class SnsMailer:
    """Publishes to ``topic_arn``; attributes are for subscriptions' filter policies."""

    client: "SNSClient"
    topic_arn: str

    def send(self, email: Email) -> None:
        with translated("Publish"):
            self.client.publish(
                TopicArn=self.topic_arn,
                Subject=_subject(email.subject),
                Message=email.body,
                MessageAttributes={
                    name: _attribute(value) for name, value in email.attributes.items() if value
                },
            )


def _subject(subject: str) -> str:
    line = " ".join(subject.encode("ascii", "replace").decode().split())
    return line[:SUBJECT_MAX]


def _attribute(value: str) -> "MessageAttributeValueTypeDef":
    cut = value.encode()[:ATTRIBUTE_MAX_BYTES].decode(errors="ignore")
    return {"DataType": "String", "StringValue": cut}
