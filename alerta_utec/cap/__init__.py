"""The CAP wing: incidents as alerts of the Common Alerting Protocol 1.2."""
