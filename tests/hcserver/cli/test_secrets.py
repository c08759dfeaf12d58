from __future__ import annotations

from pathlib import Path
from typing import Any

from pymongo import MongoClient

from tests.hcserver.cli.conftest import Cli

SECRET = "https://example.org/hook?token=hunter2"


def stored_targets(cli: Cli) -> list[Any]:
    with MongoClient[dict[str, Any]](cli.settings.mongodb.uri) as client:
        found = client[cli.settings.mongodb.database]["channels"].find()
        return [document["target"] for document in found]


def make_channel(cli: Cli) -> None:
    cli.json("project", "create", "Homelab")
    cli.json("channel", "create", "Homelab", "webhook", SECRET, "--name", "Hook")


def shown_target(cli: Cli) -> Any:
    return cli.json("channel", "show", "Homelab", "Hook", "--secrets")["target"]


def test_the_key_file_is_in_the_data_folder(cli: Cli) -> None:
    make_channel(cli)
    assert Path("data/secrets.key").exists()
    assert "hunter2" not in repr(stored_targets(cli))


def test_a_rotation_makes_a_key_and_encrypts_all_channels_with_it(cli: Cli) -> None:
    make_channel(cli)
    [before] = stored_targets(cli)
    printed = cli.json("secrets", "rotate")
    [after] = stored_targets(cli)
    assert printed == {"key": after["key"], "encrypted": 1, "unreadable": 0}
    assert after["key"] != before["key"]
    assert shown_target(cli) == SECRET
    text = cli.text("secrets", "rotate")
    assert text.startswith("Added the key ")
    assert text.endswith(" to data/secrets.key and encrypted 1 channels with it.\n")


def test_a_rotation_says_how_many_channels_could_not_be_decrypted(cli: Cli) -> None:
    make_channel(cli)
    Path("data/secrets.key").unlink()
    text = cli.text("secrets", "rotate")
    assert "1 channels stay as they were: none of the keys decrypts them." in text
    shown = cli.json("channel", "show", "Homelab", "Hook")
    assert "the key file has no key" in shown["error"]
    assert (shown["target"], shown["disabled"]) == ("****", False)


def test_a_new_target_makes_a_channel_usable_whose_key_is_lost(cli: Cli) -> None:
    make_channel(cli)
    Path("data/secrets.key").unlink()
    shown = cli.json("channel", "update", "Homelab", "Hook", "--target", SECRET)
    assert shown["error"] is None
    assert shown_target(cli) == SECRET


def test_a_rotation_with_a_file_that_can_not_be_written_fails_with_a_clear_line(cli: Cli) -> None:
    make_channel(cli)
    Path("file").touch()
    line = cli.error("secrets", "rotate", HCSERVER_SECRETS_KEY_FILE="file/secrets.key")
    assert line.startswith("the key file file/secrets.key can't be written")


def test_a_dump_has_targets_in_clear_only_when_asked_and_is_loaded_either_way(
    cli: Cli, tmp_path: Path
) -> None:
    make_channel(cli)
    cli.json("dump", "encrypted")
    cli.json("dump", "clear", "--secrets")
    key = Path("data/secrets.key")
    kept = key.read_bytes()
    target = Cli(cli.settings.mongodb.uri, f"{cli.settings.mongodb.database}_2")
    with MongoClient[dict[str, Any]](cli.settings.mongodb.uri) as client:
        for name in ("encrypted", "clear"):
            key.unlink()
            target.json("load", name)
            assert "hunter2" not in repr(stored_targets(target))
            assert (shown_target(target) == SECRET) is (name == "clear")
            key.write_bytes(kept)
            assert (shown_target(target) == SECRET) is (name == "encrypted")
            client.drop_database(target.settings.mongodb.database)


def test_a_dump_in_clear_fails_when_a_key_is_missing(cli: Cli) -> None:
    make_channel(cli)
    Path("data/secrets.key").unlink()
    assert "the key file has no key" in cli.error("dump", "clear", "--secrets")
    assert not Path("clear").exists()
