"""The proof on AWS: a throw-away stage that is deployed, tried out, measured and removed."""
