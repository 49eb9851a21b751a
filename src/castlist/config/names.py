"""The names LiteLLM gives to providers, sections and settings, so that its files are read as they are."""

import re

from castlist.model.vendors import VIDEO_PROVIDERS

SECTIONS = frozenset({
    "agent_list", "assistant_settings", "callback_settings", "credential_list", "environment_variables", "files_settings",
    "finetune_settings", "general_settings", "guardrails", "include", "litellm_settings", "mcp_aliases", "mcp_servers", "mcp_tools",
    "model_list", "plugins", "policies", "prompts", "router_settings", "search_tools", "vector_store_registry", "worker_registry",
})  # fmt: skip

GENERAL = frozenset({
    "admin_only_routes", "alert_to_webhook_url", "alert_type_config", "alert_types", "alerting", "alerting_args", "alerting_threshold",
    "allow_client_side_credentials", "allow_requests_on_db_unavailable", "allow_user_auth", "allowed_file_extensions", "allowed_ips",
    "allowed_routes", "always_include_stream_usage", "auto_redirect_ui_login_to_sso", "background_health_checks",
    "blocked_file_extensions", "cancel_on_disconnect", "completion_model", "control_plane_url", "coordination_redis", "custom_auth",
    "custom_key_generate", "custom_sso", "custom_ui_sso_sign_in_handler", "database_args", "database_connection_pool_limit",
    "database_connection_timeout", "database_type", "database_url", "default_team_disabled", "disable_admin_ui", "disable_error_logs",
    "disable_master_key_return", "disable_prisma_schema_update", "disable_reset_budget", "disable_responses_id_security",
    "disable_retry_on_max_parallel_request_limit_error", "disable_spend_logs", "disable_spend_updates", "enable_health_check_routing",
    "enable_jwt_auth", "enable_public_model_hub", "enforce_rbac", "enforce_user_param", "enforced_params",
    "forward_client_headers_to_llm_api", "forward_openai_org_id", "global_max_parallel_requests", "health_check_details",
    "health_check_interval", "infer_model_from_keys", "key_management_settings", "key_management_system", "litellm_jwtauth",
    "litellm_key_header_name", "litellm_license", "master_key", "max_batch_file_size_mb", "max_file_size_mb", "max_parallel_requests",
    "max_request_size_mb", "max_response_size_mb", "maximum_spend_logs_cleanup_cron", "maximum_spend_logs_retention_interval",
    "maximum_spend_logs_retention_period", "mcp_client_side_auth_header_name", "mcp_internal_ip_ranges", "missing_session_id",
    "model_list_healthy_only", "otel", "pass_through_endpoints", "pass_through_request_timeout", "plugins",
    "proxy_batch_polling_interval", "proxy_batch_write_at", "proxy_budget_rescheduler_max_time", "proxy_budget_rescheduler_min_time",
    "public_routes", "role_permissions", "salt_key", "service_account_settings", "spend_logs_metadata_fields", "spend_report_frequency",
    "store_model_in_db", "store_prompts_in_spend_logs", "supported_db_objects", "token_rate_limit_type", "tracing", "ui_access_mode",
    "use_azure_key_vault", "use_client_credentials_pass_through_routes", "use_google_kms", "use_redis_transaction_buffer",
    "use_shared_health_check", "use_x_forwarded_for", "user_api_key_cache_ttl", "user_header_mappings", "user_header_name",
})  # fmt: skip

ROUTER = frozenset({
    "alerting_config", "allowed_fails_policy", "assistants_config", "cache_kwargs", "cache_responses", "caching_groups",
    "client_ttl", "content_policy_fallbacks", "context_window_fallbacks", "cooldown_policy", "debug_level", "default_litellm_params",
    "default_max_parallel_requests", "default_priority", "enable_tag_filtering", "fallback_routing_settings",
    "ignore_invalid_deployments", "max_fallbacks", "model_group_retry_policy", "optional_pre_call_checks", "polling_interval",
    "provider_budget_config", "redis_db", "redis_host", "redis_password", "redis_port", "redis_url", "retry_policy",
    "router_general_settings", "routing_strategy_args", "set_verbose", "stream_timeout", "tag_filtering_match_any",
})  # fmt: skip

PARAMS = frozenset({
    "additional_drop_params", "allowed_openai_params", "api_version", "auto_router_config", "auto_router_config_path",
    "auto_router_default_model", "auto_router_embedding_model", "aws_access_key_id", "aws_bedrock_runtime_endpoint", "aws_profile_name",
    "aws_region_name", "aws_role_name", "aws_secret_access_key", "aws_session_name", "aws_session_token", "azure_ad_token",
    "azure_password", "azure_scope", "azure_username", "budget_duration", "cache_control_injection_points", "client_id",
    "client_secret", "configurable_clientside_auth_params", "cooldown_time", "default_api_key_rpm_limit", "default_api_key_tpm_limit",
    "drop_params", "extra_body", "extra_headers", "fallbacks", "headers", "hf_model_name", "input_cost_per_pixel",
    "input_cost_per_second", "input_cost_per_token", "litellm_credential_name", "litellm_trace_id", "max_budget", "max_file_size_mb",
    "max_retries", "max_tokens", "merge_reasoning_content_in_choices", "mock_response", "model_info", "organization",
    "output_cost_per_pixel", "output_cost_per_token", "region_name", "s3_bucket_name", "ssl_verify", "stop", "stream", "stream_timeout",
    "tag_regex", "tags", "temperature", "tenant_id", "thinking", "top_p", "tpm", "use_in_pass_through", "use_litellm_proxy",
    "vertex_credentials", "vertex_location", "vertex_project", "watsonx_region_name",
})  # fmt: skip

CHAT_PROVIDERS = frozenset({
    "a2a", "a2a_agent", "ai21", "ai21_chat", "aiohttp_openai", "amazon_nova", "anthropic", "anthropic_text", "apertis", "assemblyai",
    "auto_router", "aws_polly", "aws_textract", "azure_speech", "azure_text", "baseten", "bedrock_mantle", "cerebras", "charity_engine",
    "chatgpt", "chutes", "clarifai", "cloudflare", "codestral", "cognition", "cohere", "cohere_chat", "compactifai", "cortecs",
    "cursor", "custom", "custom_openai", "darkbloom", "databricks", "datarobot", "deepgram", "deepinfra", "deepseek",
    "docker_model_runner", "dotprompt", "elevenlabs", "empower", "featherless_ai", "fireworks_ai", "friendliai", "galadriel", "gdc",
    "gigachat", "github", "github_copilot", "gradient_ai", "groq", "helicone", "heroku", "huggingface", "humanloop", "hyperbolic",
    "inception", "infinity", "jina_ai", "lambda_ai", "langflow", "langfuse", "langgraph", "lemonade", "libertai", "litellm_agent",
    "llamafile", "lm_studio", "manus", "maritalk", "meta", "meta_llama", "milvus", "mistral", "mongodb", "moonshot", "morph", "nadir",
    "nano-gpt", "nebius", "neosantara", "nlp_cloud", "nscale", "nvidia_nim", "nvidia_riva", "oci", "ollama", "ollama_chat", "oobabooga",
    "ovhcloud", "parasail", "perplexity", "petals", "pg_vector", "pinstripes", "poe", "predibase", "prism", "publicai", "ragflow",
    "recraft", "reducto", "reka", "s3_vectors", "sagemaker", "sagemaker_chat", "sagemaker_nova", "sail", "sambanova", "sap", "scaleway",
    "scx-ai", "snowflake", "soniox", "strands_decider", "synthetic", "tensormesh", "text-completion-codestral",
    "text-completion-inception", "text-completion-openai", "topaz", "transcribe", "triton", "typesafe", "v0", "valkey", "vllm",
    "voyage", "wandb", "watsonx", "watsonx_text", "xiaomi_mimo", "xinference",
})  # fmt: skip

VIDEO_WORDS = re.compile(
    r"sora|veo|video|omni-flash|omni_flash|kling|seedance|wan[-_]?\d|hailuo|minimax-h\d|/h\d|vidu|pixverse|happyhorse|[tirs]2v|gen[34]|aleph"
    r"|ray[-_]?\d|luma|nova-reel|pika|ltx|hunyuan|act_two|mochi|cogvideo|dream-machine",
    re.IGNORECASE,
)

OTHER_OPENAI = re.compile(
    r"(gpt|chatgpt|o\d|codex|text-(embedding|moderation|davinci)|whisper|tts|dall-e|omni-moderation|davinci|babbage|computer-use|ft:)",
    re.IGNORECASE,
)


def makes_videos(provider: str, model: str, *, mode: str | None) -> bool:
    """Whether an entry of a LiteLLM file is about video: its `mode` says so, or else the provider and the model's name do."""
    if mode is not None:
        return mode == "video_generation"
    if provider in CHAT_PROVIDERS:
        return False
    if provider == "openai":
        return not OTHER_OPENAI.match(model)
    return provider == "runwayml" or provider not in VIDEO_PROVIDERS or bool(VIDEO_WORDS.search(model))
