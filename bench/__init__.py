"""Castlist measured beside LiteLLM's proxy and nginx, in the same run on the same machine."""
