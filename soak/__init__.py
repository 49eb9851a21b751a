"""Many videos over deployments that fail by lot, while the gateways that make them are killed again and again; and what came of it."""
