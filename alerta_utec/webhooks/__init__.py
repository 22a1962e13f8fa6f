"""The webhooks wing: HTTP callbacks for other back ends, on both deployments."""
