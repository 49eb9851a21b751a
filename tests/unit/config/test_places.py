"""Tests: where files are kept is said by the file or the environment, credentials by the vendor's usual variables."""

from pathlib import Path

import pytest

from castlist.config import load
from castlist.errors import ConfigError
from castlist.model.places import Bucket, Folder

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "hunter2"}


def write(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return path


def test_without_one_files_are_in_the_data_folder():
    assert load(None, environ={}).place is None


def test_a_bucket_of_amazon_s_has_its_keys_from_the_environment_and_shows_none():
    place = load(None, environ={"CASTLIST_ASSETS": "s3://videos/cast/list/", **KEYS, "AWS_REGION": "eu-west-1"}).place

    assert (place.kind, place.name, place.prefix, str(place)) == ("s3", "videos", "cast/list", "s3://videos/cast/list")
    assert place.settings["aws_access_key_id"] == "AKIDEXAMPLE"
    assert (place.settings["aws_region"], place.settings["aws_virtual_hosted_style_request"]) == ("eu-west-1", "true")
    assert "hunter2" not in repr(place)


def test_a_server_of_one_s_own_is_spoken_to_by_path(tmp_path):
    text = "castlist:\n  assets: s3://videos\n  assets_options: {endpoint: 'http://s3.internal:9000', cache_mib: 5}\n"

    place = load(write(tmp_path, text), environ=KEYS | {"CASTLIST_ASSETS": "gs://other"}).place

    assert place.settings["aws_endpoint_url"] == "http://s3.internal:9000"
    assert (place.settings["aws_virtual_hosted_style_request"], place.cache_bytes) == ("false", 5 << 20)


def test_other_clouds_and_a_mounted_folder():
    account = {"AZURE_STORAGE_ACCOUNT_NAME": "me", "AZURE_STORAGE_ACCOUNT_KEY": "a2V5"}
    assert load(None, environ={"CASTLIST_ASSETS": "az://videos/x", **account}).place == Bucket(
        "az", "videos", "x", {"azure_storage_account_name": "me", "azure_storage_account_key": "a2V5"}
    )
    assert load(None, environ={"CASTLIST_ASSETS": "gs://videos"}).place == Bucket("gs", "videos")
    assert load(None, environ={"CASTLIST_ASSETS": "file:///mnt/my%20files"}).place == Folder(Path("/mnt/my files"))


@pytest.mark.parametrize("given", ["/mnt/files", "http://bucket/x", "s3://", "s3://key:hunter2@bucket", "file://host/x", "file:///"])
def test_anything_else_is_a_mistake(tmp_path, given):
    with pytest.raises(ConfigError, match="assets is s3://bucket/prefix") as caught:
        load(write(tmp_path, f"castlist:\n  assets: {given}\n"), environ={})
    assert "hunter2" not in str(caught.value)


def test_options_that_make_no_sense_are_told_with_their_line(tmp_path):
    text = "castlist:\n  assets: s3://videos\n  keep_days: 0\n  assets_options:\n    endpoint: s3.internal\n    pathstyle: true\n"
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text), environ={})
    assert [line for line, _ in caught.value.mistakes] == [3, 5, 6]
