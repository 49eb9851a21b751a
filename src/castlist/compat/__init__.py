"""LiteLLM's video functions by their names, on a Castlist server or, without `api_base`, on a gateway of this process's own.

They are reached as `castlist.video`, `castlist.avideo` and so on: each function has an asynchronous twin with an `a` before its name.
Results are the records of the SDK: `video.id`, `video.status`, `character.name`, `character.created_at`.
"""
