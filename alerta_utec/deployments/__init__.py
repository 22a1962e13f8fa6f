"""The wiring of the two deployments: one machine (``local``) and AWS (``aws``)."""
