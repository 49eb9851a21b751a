"""Our own settings as a table: what `castlist:` may hold, each with its default and its meaning. The docs are made from it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """One setting: its dotted name under `castlist`, what values it takes, its default as written, and what it does."""

    name: str
    values: str
    default: str
    meaning: str


OPTIONS = (
    Option(
        "data",
        "a folder",
        "the platform's user data folder",
        "Where jobs, characters and files are kept. Relative to the file it is written in.",
    ),
    Option(
        "database_url",
        "postgresql://user:password@host/name",
        "a file in `data`",
        "A PostgreSQL database for the rows. Any number of gateways and workers may share it: see database.md. "
        "`CASTLIST_DATABASE_URL` in the environment says the same.",
    ),
    Option(
        "assets",
        "s3://bucket/prefix, gs://…, az://container/…, file:///folder",
        "a folder in `data`",
        "Where videos, characters and uploads are kept: a bucket, or a folder that several machines have mounted. Credentials come from "
        "the vendor's usual variables (deploy.md). `CASTLIST_ASSETS` in the environment says the same.",
    ),
    Option("assets_options.endpoint", "an address", "AWS's own", "A server that speaks S3's API. `AWS_ENDPOINT_URL` says the same."),
    Option("assets_options.region", "a region", "us-east-1", "The bucket's region. `AWS_REGION` says the same."),
    Option(
        "assets_options.path_style",
        "true, false",
        "true with an `endpoint`",
        "Name the bucket in the path of addresses and not in the name of the host.",
    ),
    Option(
        "assets_options.cache_mib", "1 or more", "2048", "What is kept of a bucket's files on this machine, in MiB, for renders to read."
    ),
    Option(
        "keep_days",
        "1 to 36500",
        "for ever",
        "How long the files of a finished video are kept; its `expires_at` says until when. The video itself stays listed.",
    ),
    Option("host", "an address", "127.0.0.1", "What `castlist serve` listens on. Past loopback a key is always required."),
    Option("port", "1 to 65535", "4000", "The port of `castlist serve`."),
    Option(
        "no_auth",
        "true, false",
        "false",
        "Take every caller of this machine without a key, though a provider may cost money. Loopback only.",
    ),
    Option(
        "on_retired",
        "animatic, error",
        "animatic",
        "What to do with a model its vendor has shut down and that has no `fallback`: serve it by the embedded renderer, or refuse.",
    ),
    Option("fallback", "a model_name, or a list", "", "What serves in place of a model its vendor has shut down."),
    Option(
        "max_spend_per_day",
        "US dollars, `unlimited`",
        "20",
        "What all videos of a day (UTC) may cost together, by the catalogue's prices. A video that would cost more is refused.",
    ),
    Option(
        "catalogue",
        "a mapping of PROVIDER/MODEL",
        "",
        "What holds for a model instead of what the catalogue says: price, limits, sunset. `castlist models --catalogue` lists them.",
    ),
    Option(
        "prompt_name",
        "lenient, strict",
        "lenient",
        "What to do with a character whose name the prompt lacks: add it to what is sent on, or refuse.",
    ),
    Option(
        "projects",
        "a list of {name, keys}",
        "one project, `default`",
        "Who owns what. Each key opens its project and sees nothing of another.",
    ),
    Option(
        "webhooks",
        "a list of {url, project, events, allow_private}",
        "",
        "Who is told of the end of each video of a project (`default`): of `video.completed` and `video.failed`, or of the `events` "
        "listed. Addresses on the public internet, ports 80 and 443, unless `allow_private: true`.",
    ),
    Option("limits.reserve_mib", "0 or more", "512", "Disk that is kept free: below it uploads are refused and jobs wait, in MiB."),
    Option("limits.upload_mib", "1 or more", "100", "Files that one request may carry, in MiB."),
    Option("limits.renders", "1 or more", "2", "Videos the embedded renderer makes at once."),
    Option("limits.derivations", "1 or more", "2", "Characters prepared at once."),
    Option(
        "jobs.unknown_policy",
        "hold, fail, resubmit",
        "hold",
        "What to do with a request that was sent and never answered, once its provider cannot say whether it took it: wait for "
        "`castlist jobs resolve` and fail it in the end, fail it at once, or send it once more, which may cost twice.",
    ),
    Option("jobs.unknown_after", "1 to 86400", "3600", "Seconds that such a request is held before it fails, its cost unknown."),
    Option(
        "jobs.stall_after",
        "10 to 86400",
        "never",
        "Seconds after which work that does not end is stopped and given to another deployment that can take it.",
    ),
    Option(
        "jobs.allow_double_cost",
        "true, false",
        "false",
        "Give it to another one also where it cannot be stopped. What ends too late is thrown away, and its cost shown.",
    ),
    Option(
        "media.public_base_url",
        "an https address",
        "",
        "Where this gateway is reached from the internet. Providers that read a file by its address are then given signed links to it, "
        "which end; a key is always required.",
    ),
    Option("server.root_path", "a path", "", "The path under which a proxy before the gateway has put it: `/castlist`. Links carry it."),
    Option(
        "server.trusted_proxies",
        "a list of addresses and networks",
        "",
        "Proxies before the gateway whose `X-Forwarded-Proto`, `-Host` and `-Prefix` are taken for the address callers use. "
        "With either setting a key is always required.",
    ),
    Option("network.proxy", "http://HOST:PORT", "none", "The proxy for all that goes out. A user and a password in it stay secret."),
    Option("network.no_proxy", "a list of hosts", "", "What is reached without the proxy; a name stands for what is under it too."),
    Option("network.ca_bundle", "a file", "", "Certificates, in PEM, that are believed besides the system's."),
)

ENTRY_OPTIONS = (
    Option("model_name", "a name", "", "What callers ask for. Several entries may share one."),
    Option("litellm_params.model", "provider/model", "", "Who makes the video: `animatic/animatic`, `openai/sora-2`."),
    Option(
        "litellm_params.api_key",
        "a key",
        "the vendor's usual variable",
        "Usually `os.environ/NAME`. Unset: a warning, and the deployment is unavailable.",
    ),
    Option(
        "litellm_params.api_base",
        "an address",
        "the vendor's own",
        "Another server that speaks the provider's API (`base_url` means the same).",
    ),
    Option("litellm_params.custom_llm_provider", "a provider", "the prefix of `model`", "The provider, where `model` has no prefix."),
    Option("litellm_params.weight", "0 or more", "1, or `rpm`", "Its share of the videos, among those of the same model."),
    Option("litellm_params.order", "0 or more", "last", "The lowest is asked first, the next where it cannot."),
    Option("litellm_params.rpm", "1 or more", "", "Videos sent there within a minute; those above it wait."),
    Option(
        "litellm_params.max_parallel_requests", "1 or more", "", "Videos at work there at once, for all processes; those above it wait."
    ),
    Option("litellm_params.timeout", "seconds", "`timeout` of `router_settings`", "How long a submission there may take to be answered."),
    Option("litellm_params.num_retries", "0 or more", "that of `router_settings`", "How often a video that it refused is sent again."),
    Option(
        "litellm_params.output_cost_per_second",
        "US dollars",
        "the catalogue's price",
        "What a second of video costs, in any resolution: for estimates and for `max_spend_per_day`.",
    ),
    Option("model_info.id", "a name", "provider/model@api_base", "The deployment's stable id; rows refer to it."),
    Option("model_info.mode", "video_generation, …", "", "LiteLLM's word for what a model makes; all but video are passed over."),
    Option(
        "account",
        "a name",
        "provider, api_base, the key's variable",
        "The stable name of the credentials. Rotating a key does not change it.",
    ),
    Option("on_retired", "animatic, error", "castlist.on_retired", "As above, for this entry alone."),
    Option("fallback", "a model_name, or a list", "castlist.fallback", "As above, for this entry alone."),
    Option(
        "settings",
        "a mapping",
        "",
        "What the provider reads of its own: `characters` (openai, azure, hosted_vllm, sglang), "
        "`webhook_secret` (kling, gemini), `api_version` (gemini). Entries of one account have the same.",
    ),
)

ROUTER_OPTIONS = (
    Option("routing_strategy", "the words below", "simple-shuffle", "By what the deployments of a model are told apart."),
    Option(
        "num_retries",
        "0 or more",
        "",
        "How often a video is sent again after a refusal that may pass, before a fallback is asked or it fails.",
    ),
    Option("timeout", "seconds", "60", "How long a submission may take to be answered; after that it may have been taken, and may cost."),
    Option("retry_after", "seconds", "", "How long at least, after a refusal that may pass, until the same deployment is asked again."),
    Option("disable_cooldowns", "true, false", "false", "Leave no deployment alone, however often it fails."),
    Option("allowed_fails", "0 or more", "3", "Failures within a minute that a deployment may have before it is left alone."),
    Option("cooldown_time", "seconds", "5", "How long it is left alone, where it does not say itself; then one video tries it."),
    Option("fallbacks", "a list of {model: [models]}", "", "Whom to ask when no deployment of a model can; `*` stands for all others."),
    Option("default_fallbacks", "a list of models", "", "The same as fallbacks of `*`."),
    Option("model_group_alias", "a mapping of names", "", "Other names of models: `{name: model}`, or `{name: {model: …, hidden: true}}`."),
    Option("enable_pre_call_checks", "true", "true", "Always on: a deployment is never asked for what it cannot do."),
)
"""What `router_settings` may hold."""

ROUTER_NAMES = tuple(option.name for option in ROUTER_OPTIONS)
NAMES = tuple(dict.fromkeys(option.name.partition(".")[0] for option in OPTIONS))


def within(section: str) -> tuple[str, ...]:
    """The names of the settings of a section of `castlist`."""
    return tuple(option.name.removeprefix(f"{section}.") for option in OPTIONS if option.name.startswith(f"{section}."))
