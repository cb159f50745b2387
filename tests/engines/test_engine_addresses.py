import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from hashviewer.engines import is_address, parse
from hashviewer.engines.passwords import VARIABLE, password_for
from hashviewer.errors import EngineError


@pytest.mark.parametrize(
    "text",
    [
        "chdb:///data/folder",
        "chdb:///data/folder?database=photos",
        "clickhouse://ada@search.example:8123/photos",
        "clickhouse://search.example:9000/photos?cluster=four",
        "clickhouse://ada@[::1]:8443/photos?secure=1",
    ],
)
def test_an_address_reads_back_as_it_is_written_even_when_it_was_a_path_meanwhile(text):
    assert str(parse(text)) == text
    assert parse(Path(text)) == parse(text)
    assert is_address(text)
    assert is_address(Path(text))


def test_what_is_left_out_of_an_address_is_the_usual():
    server = parse("clickhouse://search.example")
    assert (server.port, server.database, server.user, server.cluster, server.secure) == (
        8123,
        "hashviewer",
        "",
        "",
        False,
    )
    assert parse("clickhouse://search.example?secure=1").port == 8443
    assert parse("chdb:///data").database == "hashviewer"


@pytest.mark.parametrize(
    "text", ["/data/library", "photos.h5", "chdb", "https://example.org", "chdb-photos:x"]
)
def test_files_and_folders_are_no_addresses(text):
    assert not is_address(text)
    with pytest.raises(EngineError, match="no address of an engine"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("clickhouse://ada:secret@host:8123/photos", "password does not belong in the address"),
        ("clickhouse://ada%3Asecret@host:8123/photos", "password does not belong in the address"),
        ("clickhouse://host/photos;drop", "cannot be the name of a database"),
        ("clickhouse://host/photos?cluster=a'b", "cannot be the name of a cluster"),
        ("clickhouse://host:99999/photos", "port is 99999"),
        ("clickhouse://host/photos?shards=skip", "option “shards” that does not exist"),
        ("clickhouse:///photos", "cannot be read"),
        ("chdb://", "names no folder"),
        ("chdb:///data?database=a b", "cannot be the name of a database"),
    ],
)
def test_a_bad_address_is_refused_in_words_that_do_not_repeat_a_password(text, reason):
    with pytest.raises(EngineError, match=reason) as caught:
        parse(text)
    assert "secret" not in str(caught.value)


def test_the_password_comes_from_the_environment_before_the_keyring(monkeypatch):
    address = parse("clickhouse://ada@host:8123/photos")
    asked = []

    def get_password(service, name):
        asked.append((service, name))
        return "kept"

    errors = SimpleNamespace(KeyringError=RuntimeError)
    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=get_password, errors=errors))
    monkeypatch.delenv(VARIABLE, raising=False)
    assert password_for(address) == "kept"
    assert asked == [("hashviewer", "ada@host:8123")]
    monkeypatch.setenv(VARIABLE, "given")
    assert password_for(address) == "given"
    assert password_for(parse("chdb:///data")) == ""


def test_a_keyring_that_fails_or_is_missing_leaves_the_password_empty(monkeypatch):
    address = parse("clickhouse://ada@host:8123/photos")

    def locked(service, name):
        raise RuntimeError("locked")

    monkeypatch.delenv(VARIABLE, raising=False)
    errors = SimpleNamespace(KeyringError=RuntimeError)
    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=locked, errors=errors))
    assert password_for(address) == ""
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert password_for(address) == ""
