"""Tests: where the rows are is said by the file or the environment, and never shown."""

import pytest

from castlist.config import load
from castlist.errors import ConfigError

URL = "postgresql://castlist:hunter2@db.example/castlist"


def write(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return path


def test_without_one_the_rows_are_in_the_data_folder():
    assert load(None, environ={}).database_url is None


def test_the_file_names_it_or_its_variable_or_the_environment_does(tmp_path):
    written = write(tmp_path, f"castlist:\n  database_url: {URL}\n")
    assert load(written, environ={"CASTLIST_DATABASE_URL": "postgresql://other/x"}).database_url == URL

    named = write(tmp_path, "castlist:\n  database_url: os.environ/PG\n")
    assert load(named, environ={"PG": URL}).database_url == URL

    assert load(None, environ={"CASTLIST_DATABASE_URL": URL}).database_url == URL


def test_its_password_is_in_no_repr():
    assert "hunter2" not in repr(load(None, environ={"CASTLIST_DATABASE_URL": URL}))


@pytest.mark.parametrize("given", ["mysql://root:hunter2@db/x", "db.example", "sqlite:///x.db"])
def test_another_database_is_a_mistake_told_without_its_password(tmp_path, given):
    for path, environ in ((None, {"CASTLIST_DATABASE_URL": given}), (write(tmp_path, f"castlist:\n  database_url: {given}\n"), {})):
        with pytest.raises(ConfigError, match="database_url is the address of a PostgreSQL database") as caught:
            load(path, environ=environ)

        assert "hunter2" not in str(caught.value)


def test_a_variable_that_is_not_set_is_a_mistake(tmp_path):
    with pytest.raises(ConfigError, match="environment variable PG, which is not set"):
        load(write(tmp_path, "castlist:\n  database_url: os.environ/PG\n"), environ={})
