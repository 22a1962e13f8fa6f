"""The webhooks wing: HTTP callbacks for other systems, in both deployments."""
