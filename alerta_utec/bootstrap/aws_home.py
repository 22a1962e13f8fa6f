"""The handlers on AWS."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class AwsHome:
    """Every Lambda handler, built when first used, from the environment."""

    environment: Mapping[str, str]
