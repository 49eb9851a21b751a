"""Servers that people host themselves, as their source has it: vLLM-Omni 0.30.0 (`_parse_video_form`, `retrieve_video`) and SGLang 0.5.23
(`multimodal_gen`, `video_api`), read in the published packages on 2026-11-22. A field that those do not read is refused here."""

import re
import time
from typing import ClassVar

from aiohttp import web

from castlist.testing.upstream import Upstream

_SHARED = {"prompt", "model", "seconds", "size", "width", "height", "num_frames", "fps", "seed", "num_inference_steps", "guidance_scale"}
_SHARED |= {"guidance_scale_2", "flow_shift", "true_cfg_scale", "negative_prompt", "enable_frame_interpolation", "extra_params"}
_SHARED |= {"frame_interpolation_exp", "frame_interpolation_scale", "frame_interpolation_model_path", "num_outputs_per_prompt"}
VLLM_FILES = {"input_reference", "input_references", "control_reference", "source_video", "source_audio"}
VLLM_FIELDS = _SHARED | VLLM_FILES | {"control_type", "image_reference", "video_reference", "audio_reference", "user", "aspect_ratio"}
VLLM_FIELDS |= {"short_edge", "start_time_seconds", "quality", "boundary_ratio", "generate_sound", "sound_duration", "lora"}
SGLANG_FILES = {"input_reference", "video_reference"}
SGLANG_FIELDS = _SHARED | SGLANG_FILES | {"enhance_prompt", "reference_url", "video_url", "task_type", "n", "max_sequence_length"}
_NUMBER, _SIZE = re.compile(r"[1-9]\d*"), re.compile(r"\d+x\d+")


class SelfHosted(Upstream):
    """Creates, tells, gives and forgets videos; what else OpenAI's surface has is not there."""

    fields = frozenset()
    files = frozenset()
    faults: ClassVar = {**Upstream.faults, "job": {*Upstream.faults["job"], "refused"}}

    def __init__(self, **options):
        super().__init__(native=False, **options)

    def routes(self):
        return [
            web.post("/v1/videos", self._create),
            web.get("/v1/videos", self._list),
            web.get("/v1/videos/{id}", self._poll),
            web.get("/v1/videos/{id}/content", self._content),
            web.delete("/v1/videos/{id}", self._delete),
        ]

    def _complain(self, request, recorded):
        if recorded.content_type != "multipart/form-data":
            return detail(422, "a form is wanted")
        names = [field.name for field in recorded.fields]
        strange = sorted({*names} - self.fields)
        files = [field.name for field in recorded.fields if field.filename is not None]
        misplaced = sorted({*files} ^ ({*names} & self.files))
        if strange or misplaced:
            return detail(422, f"{[*strange, *misplaced][0]} is not read here, or not so")
        if not recorded.value("prompt"):
            return detail(422, "prompt is required")
        if not _NUMBER.fullmatch(recorded.value("seconds") or "4") or not _SIZE.fullmatch(recorded.value("size") or "1x1"):
            return detail(422, "seconds or size is malformed")
        return self.complain(names)

    def complain(self, names):
        """What this kind of server refuses beyond that."""

    def work(self, request):
        return self.works.get(request.match_info["id"])


class VllmOmni(SelfHosted):
    """A failed video is told with the HTTP status of what went wrong, and a number as its code."""

    fields, files = frozenset(VLLM_FIELDS), frozenset(VLLM_FILES)

    def complain(self, names):
        others = {"input_reference", "image_reference", "video_reference"} & set(names)
        if "input_references" in names and others:
            return detail(400, "Provide input_references alone, without input_reference, image_reference, or video_reference.")
        return detail(400, "one input_reference") if names.count("input_reference") > 1 else None

    async def _poll(self, request):
        work = self.work(request)
        planned = {"fail": (500, "CUDA out of memory"), "refused": (400, "MiniMax H3 makes 4 to 15 seconds")}
        if work is None or work.fate not in planned or time.time() < work.started + work.lasts:
            return await super()._poll(request)
        status, words = planned[work.fate]
        shown = {**work.show(time.time()), "status": "failed", "completed_at": None, "error": {"code": status, "message": words}}
        return web.json_response(shown, status=status)

    async def _content(self, request):
        work = self.work(request)
        failed = work is not None and work.fate in {"fail", "refused"}
        return detail(422, "Video generation failed. Check job status for error details.") if failed else await super()._content(request)


class SGLang(SelfHosted):
    """With `cloud` its files are in a bucket: the video says where, and its content is refused."""

    fields, files = frozenset(SGLANG_FIELDS), frozenset(SGLANG_FILES)

    def __init__(self, *, cloud=False, **options):
        super().__init__(**options)
        self.cloud = cloud

    def routes(self):
        return [*super().routes(), web.get("/_bucket/{id}", self.stored)]

    def complain(self, names):
        return next((detail(400, f"one {name}") for name in self.files if names.count(name) > 1), None)

    async def _poll(self, request):
        work = self.work(request)
        if work is None:
            return detail(404, "Video not found")
        place = f"{self.base_url.removesuffix('/v1')}/_bucket/{work.id}" if self.cloud else None
        self.counts["poll"] += 1
        return web.json_response({**work.show(time.time()), "quality": "standard", "url": place, "file_path": f"/tmp/{work.id}.mp4"})

    async def _content(self, request):
        if not self.cloud:
            return await super()._content(request)
        return detail(400, "Video has been uploaded to cloud storage. Please use the cloud URL.")

    async def stored(self, request):
        return web.Response(status=400) if request.headers.get("Authorization") else await self.pour(request)

    async def _delete(self, request):
        work = self.works.pop(request.match_info["id"], None)
        return web.json_response({**work.show(time.time()), "status": "deleted"}) if work else detail(404, "Video not found")


def detail(status, words):
    return web.json_response({"detail": words}, status=status)
