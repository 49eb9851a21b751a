"""The names LiteLLM gives to those who make video, and what is said of a name that nobody has."""

import difflib
from collections.abc import Collection

from castlist.errors import InvalidRequest

VIDEO_PROVIDERS = frozenset({
    "aiml", "azure", "azure_ai", "bedrock", "black_forest_labs", "bytez", "cometapi", "dashscope", "edenai", "fal_ai", "gemini",
    "hosted_vllm", "litellm_proxy", "minimax", "modelscope", "novita", "openai", "openai_like", "openrouter", "qwen_ai_platform",
    "qwencloud", "replicate", "runwayml", "stability", "tencent", "together_ai", "vercel_ai_gateway", "vertex_ai", "vertex_ai_beta",
    "volcengine", "xai", "zai",
})  # fmt: skip


def unknown_provider(name: object, known: Collection[str]) -> InvalidRequest:
    """The error for a `custom_llm_provider` that is not `known`, with the nearest names."""
    near = difflib.get_close_matches(str(name)[:80].lower(), sorted(known), n=2, cutoff=0.6)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"known: {', '.join(sorted(known))}."
    return InvalidRequest(f"There is no provider {str(name)[:80]!r}; {hint}", code="unknown_provider", param="custom_llm_provider")
