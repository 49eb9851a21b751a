"""What the servers that speak OpenAI's Videos API take beyond a prompt, as data."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final


class Characters(StrEnum):
    """How a server is given a character."""

    NATIVE = "native"
    REFERENCES = "references"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Profile:
    """The fields of one kind of server.

    `frame_field` takes the opening frame. Where characters go by reference, each goes as up to `stills` pictures in `stills_field`
    or as its clip in `clip_field`; `both` says that an opening frame may come with them. `follow_ups` are what exists beside create,
    `uploads` says that they take a video from elsewhere, `listed` that the catalogue knows the limits and prices of its models,
    `links` that a file may lie elsewhere, at the `url` of its video.
    """

    characters: Characters = Characters.NONE
    follow_ups: frozenset[str] = frozenset()
    uploads: bool = False
    both: bool = False
    frame_field: str | None = "input_reference"
    stills_field: str | None = None
    clip_field: str | None = None
    stills: int = 3
    key_header: str = "Authorization"
    listed: bool = False
    links: bool = False


OPENAI: Final = Profile(
    characters=Characters.NATIVE,
    follow_ups=frozenset({"edit", "extend", "remix"}),
    uploads=True,
    both=True,
)
"""OpenAI's own surface, which another Castlist serves too; its limits are what that server says."""

HOME: Final = replace(OPENAI, listed=True)
"""OpenAI's host as it was until its video models were shut down on 2026-09-24."""

AZURE: Final = replace(HOME, characters=Characters.NONE, key_header="api-key")
"""The same paths under a resource's own address, without characters; its dates of retirement conflict (unverified)."""

VLLM: Final = Profile(characters=Characters.REFERENCES, stills_field="input_references")
"""vLLM-Omni 0.30.0, from its source: a form, in which pictures are a list of files that excludes an opening frame. Models that do not mix
references refuse the list. A clip, which it reads by an address in `video_reference`, is taken by single models only and is not sent."""

SGLANG: Final = Profile(characters=Characters.REFERENCES, clip_field="video_reference", both=True, links=True)
"""SGLang 0.5.23, from its source: one clip as the file `video_reference`, so one character a video, and beside it an opening frame. What
its models make of a clip is unverified. With a bucket of its own it refuses the content, and the video's `url` is where it is."""


def choose(profile: Profile, wanted: object) -> Profile:
    """The profile with characters given as a deployment's settings say. Raises ValueError for another word than the three."""
    if wanted is None:
        return profile
    if wanted not in set(Characters):
        raise ValueError(f"characters is native, references or none, and not {wanted!r}")
    chosen = replace(profile, characters=Characters(str(wanted)))
    if chosen.characters is Characters.REFERENCES and not (chosen.stills_field or chosen.clip_field):
        return replace(chosen, stills_field=VLLM.stills_field, both=VLLM.both)
    return chosen
