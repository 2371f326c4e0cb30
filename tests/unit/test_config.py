"""The config: every fault is found, all at once, and what is good reads as written."""

from __future__ import annotations

import argparse
import copy
import dataclasses
import hashlib
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import tomllib
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.cli import check
from maild.config import ConfigErrors, document, keys, load, rule_keys
from maild.config.load import read
from maild.config.reading import REQUIRED, Notes, Place, Table, good
from maild.desk.form import Form
from maild.desk.rules import SEED_ITEMS, Hours, ItemSpec, Rules
from maild.errors import EX_CONFIG, UserError

TOP = Path(__file__).resolve().parents[2]
BAD = sorted((TOP / "tests" / "bad_configs").glob("*.toml"))

GOOD: dict[str, Any] = {
    "maild": {"operators": ["ops@x.example"]},
    "receive": {"smtp": {}},
    "send": {"transport": "maildir"},
    "desk": [
        {
            "name": "soudan",
            "kind": "consultation",
            "address": "soudan@x.example",
            "shared_inbox": "inbox@x.example",
            "on_call": ["oncall@x.example"],
            "counselor": [{"name": "佐藤花子", "address": "Sato@X.example"}],
            "terms": [{"version": "1", "effective": date(2026, 4, 1), "file": "terms.txt"}],
        }
    ],
}


def good_with(**changes: Any) -> dict[str, Any]:
    """GOOD with ``desk__rules__silence_days=3`` and the like put in."""
    raw = copy.deepcopy(GOOD)
    for path, value in changes.items():
        table: Any = raw
        *steps, last = path.split("__")
        for step in steps:
            table = table[0] if isinstance(table, list) else table
            table = table.setdefault(step, {})
        table = table[0] if isinstance(table, list) else table
        table[last] = value
    return raw


def reading(raw: dict[str, Any], *, require_files: bool = False) -> Any:
    return read(raw, TOP / "nowhere.toml", require_files=require_files)


@pytest.fixture(scope="module")
def bad_configs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy whose secrets only we can read: git does not keep that."""
    copied = Path(shutil.copytree(TOP / "tests" / "bad_configs", tmp_path_factory.mktemp("config") / "bad"))
    for secret in copied.glob("*.secret"):
        secret.chmod(0o600)
    return copied


@pytest.mark.parametrize("name", [path.name for path in BAD])
def test_bad_config(
    name: str, bad_configs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each file says in ``# expect:`` lines what is found; nothing else is, and maild check prints it."""
    path = bad_configs / name
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    wanted = re.findall(r"^# expect: (.+)$", path.read_text("utf-8"), re.MULTILINE)
    assert wanted, "a bad config names its faults"
    with pytest.raises(ConfigErrors) as caught:
        load(path)
    found = [fault.full() for fault in caught.value.faults]
    for want in wanted:
        assert any(want in line for line in found), (want, found)
    assert len(found) == len(wanted), found
    assert check.run(argparse.Namespace(config=str(path), json=False)) == 1
    printed = capsys.readouterr()
    assert all(want in printed.err for want in wanted)
    assert "Traceback" not in printed.err + printed.out


def test_there_is_a_bad_config_for_every_table() -> None:
    assert len(BAD) >= 40


def test_embedded_config_is_good(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.run(argparse.Namespace(config=str(TOP / "config.toml"), json=False)) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("config is good\n")
    assert printed.err == ""
    assert "3 round trips, 30 days of silence" in printed.out


def test_embedded_config_says_what_the_seed_says() -> None:
    desk = load(TOP / "config.toml").desks[0]
    rules = desk.rules
    assert (rules.round_trips, rules.silence_days, rules.client_days, rules.resend_after_days) == (3, 30, 90, 10)
    assert rules.required == SEED_ITEMS
    assert rules.attachments == "reject"
    assert desk.anonymous_counselors


@pytest.mark.parametrize(("file", "made"), [("config.toml", document.embedded), ("docs/config.md", document.reference)])
def test_documents_are_made_from_the_keys(file: str, made: Any) -> None:
    """Mended by ``python -m maild.config.document --write .``"""
    assert (TOP / file).read_text("utf-8") == made()


def test_every_rule_is_a_key_and_every_key_a_rule() -> None:
    assert {key.name for key in rule_keys.RULES.keys} == {field.name for field in dataclasses.fields(Rules)}


def test_the_default_of_every_rule_is_the_one_of_the_rule_book() -> None:
    assert reading(GOOD).desks[0].rules == dataclasses.replace(Rules(), hotlines=reading(GOOD).desks[0].rules.hotlines)


def all_tables() -> list[tuple[Table, Any]]:
    return [(table, key) for table in document.TABLES for key in table.keys]


@pytest.mark.parametrize(("table", "key"), all_tables(), ids=lambda one: getattr(one, "name", None))
def test_samples_in_comments_would_be_read(table: Table, key: Any) -> None:
    """What config.toml shows behind ``#`` can be used as it stands."""
    line = next(
        line
        for line in document.embedded().split(f"{table.header}\n", 1)[1].splitlines()
        if re.match(rf"#?{key.name} = ", line)
    )
    notes = Notes(TOP, False)
    value = key.reader.read(tomllib.loads(line.removeprefix("#"))[key.name], Place("x", notes))
    assert good(value), notes.faults


@pytest.mark.parametrize(("table", "key"), all_tables(), ids=lambda one: getattr(one, "name", None))
def test_defaults_pass_their_own_reader(table: Table, key: Any) -> None:
    if key.default is REQUIRED or key.default is None or key.default == "" or key.shown_default in ("none", "everyone"):
        return
    text = key.shown_default if key.shown_default[:1] in ("[", '"') else ""
    text = text or (document.toml(key.default) if not isinstance(key.default, Hours) and not key.shown_default else "")
    if text:
        value = key.reader.read(tomllib.loads(f"x = {text}")["x"], Place("x", Notes(TOP, False)))
        assert value == key.default or key.shown_default == '"var"'


def test_relative_paths_are_relative_to_the_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "terms.txt").write_text("terms")
    (tmp_path / "c.toml").write_text(document_of(GOOD))
    other = tmp_path / "elsewhere"
    other.mkdir()
    monkeypatch.chdir(other)
    config = load(tmp_path / "c.toml")
    assert config.maild.data_dir == tmp_path / "var"
    assert config.maild.database == f"sqlite:///{tmp_path}/var/maild.db"
    assert config.maild.key_file == tmp_path / "var" / "maild.key"
    assert config.send.maildir == tmp_path / "var" / "outgoing"
    assert config.desks[0].terms[0].sha256 == hashlib.sha256(b"terms").hexdigest()


def document_of(raw: dict[str, Any]) -> str:
    """GOOD as TOML text, by the shapes that occur in it."""

    def value(one: Any) -> str:
        if isinstance(one, list):
            return "[" + ", ".join(value(entry) for entry in one) + "]"
        if isinstance(one, dict):
            return "{" + ", ".join(f"{json.dumps(key)} = {value(entry)}" for key, entry in one.items()) + "}"
        return document.toml(one)

    return "".join(f"{key} = {value(one)}\n" for key, one in raw.items())


def test_data_dir_carries_the_defaults_of_the_files_in_it() -> None:
    config = reading(good_with(maild__data_dir="/srv/maild"))
    assert config.maild.database == "sqlite:////srv/maild/maild.db"
    assert config.maild.key_file == Path("/srv/maild/maild.key")
    assert config.send.maildir == Path("/srv/maild/outgoing")


def test_sqlite_absolute_and_postgresql() -> None:
    assert reading(good_with(maild__database="sqlite:////srv/x.db")).maild.database == "sqlite:////srv/x.db"
    for scheme in ("postgresql", "postgresql+psycopg"):
        found = reading(good_with(maild__database=f"{scheme}://maild@db.example/maild")).maild.database
        assert found == "postgresql+psycopg://maild@db.example/maild"


def test_the_password_of_the_database_is_put_in_last(tmp_path: Path) -> None:
    secret = tmp_path / "database"
    secret.write_text("p@ss/wörd:1\n")
    raw = good_with(maild__database="postgresql://u@db.example/x", maild__database_password_file=str(secret))
    maild = reading(raw).maild
    assert maild.database_url() == "postgresql+psycopg://u:p%40ss%2Fw%C3%B6rd%3A1@db.example/x"
    assert "wörd" not in maild.database + repr(maild)
    assert reading(GOOD).maild.database_url() == reading(GOOD).maild.database


def test_addresses_are_canonical_and_phone_addresses_pass() -> None:
    desk = reading(good_with(desk__on_call=["Hana..Ko.@Docomo.example"])).desks[0]
    assert desk.counselors[0].address == "sato@x.example"
    assert desk.on_call == ("hana..ko.@docomo.example",)


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        (["name", {"item": "phone", "labels": ["電話番号"]}], (ItemSpec("name"), ItemSpec("phone", ("電話番号",)))),
        ([{"item": "age", "labels": ["年", "よわい"]}], (ItemSpec("age", ("年", "よわい")),)),
        ([], ()),
    ],
)
def test_required_items(written: list[Any], read_as: tuple[ItemSpec, ...]) -> None:
    assert reading(good_with(desk__rules={"required": written})).desks[0].rules.required == read_as


def test_hours_hotlines_and_referrals_in_either_place() -> None:
    hours = {"weekdays": ["sat", "Mon"], "start": "10:00", "end": time(16, 30)}
    hotline, referral = {"name": "窓口", "url": "https://x.example/"}, {"name": "a", "text": "一行目\n二行目"}
    inside = reading(good_with(desk__rules={"hours": hours, "hotlines": [hotline], "referrals": [referral]}))
    beside = reading(good_with(desk__hours=hours, desk__hotline=[hotline], desk__referral=[referral]))
    assert inside.desks == beside.desks
    rules = inside.desks[0].rules
    assert rules.hours == Hours((0, 5), time(10), time(16, 30))
    assert [one.name for one in rules.hotlines] == ["窓口"]
    assert rules.referrals[0].text == "一行目\n二行目"


def test_hotlines_of_the_language_stand_in_unless_the_desk_wants_none() -> None:
    assert "0120-279-338" in [one.phone for one in reading(GOOD).desks[0].rules.hotlines]
    assert reading(good_with(desk__language="en")).desks[0].rules.hotlines[0].name.startswith("Ambulance")
    assert reading(good_with(desk__rules={"hotlines": []})).desks[0].rules.hotlines == ()


def test_a_limit_of_nothing() -> None:
    rules = reading(good_with(desk__rules={"round_trips": 0, "silence_days": 0, "required": []})).desks[0].rules
    assert (rules.round_trips, rules.silence_days, rules.required) == (0, 0, ())


def test_form() -> None:
    form = {"sender": "form@x.example", "fields": {"email": "メール", "name": "お名前", "consent:terms": "同意"}}
    config = reading(good_with(desk__form=form, desk__rules={"form_only": True}))
    assert config.form("soudan") == Form(
        "form@x.example", (("email", "メール"), ("name", "お名前"), ("consent:terms", "同意"))
    )
    assert config.form("soudan").consents() == ("consent:terms",)
    assert reading(GOOD).form("soudan") is None


def test_booking_desks_show_addresses_unless_told_otherwise() -> None:
    assert reading(good_with(desk__kind="booking")).desks[0].show_client_address
    assert not reading(good_with(desk__kind="booking", desk__show_client_address=False)).desks[0].show_client_address
    assert not reading(GOOD).desks[0].show_client_address


def test_terms_stand_in_the_order_of_their_days() -> None:
    terms = [
        {"version": "b", "effective": date(2026, 10, 1), "file": "b"},
        {"version": "a", "effective": "2026-04-01", "file": "a"},
    ]
    assert [one.version for one in reading(good_with(desk__terms=terms)).desks[0].terms] == ["a", "b"]


def test_receive_and_send_in_full() -> None:
    imap = {"host": "127.0.0.1", "username": "soudan", "password_file": "p", "security": "none", "idle": False}
    config = reading(
        good_with(
            receive={"lmtp": {"listen": "unix:/run/maild/lmtp.sock"}, "smtp": {"listen": "[::1]:25"}, "imap": [imap]},
            send={"transport": "smtp", "host": "mail.example", "security": "tls"},
        )
    )
    assert config.receive.lmtp.unix == Path("/run/maild/lmtp.sock")
    assert (config.receive.smtp.host, config.receive.smtp.port) == ("::1", 25)
    assert (config.receive.imap[0].port, config.receive.imap[0].after) == (143, "keep")
    assert (config.send.port, config.send.password) == (465, None)


def test_the_name_of_an_imap_source_is_stable_and_holds_nothing_personal() -> None:
    def imap(user: str, mailbox: str) -> dict[str, str]:
        return {"host": "imap.example", "username": user, "mailbox": mailbox, "password_file": "p"}

    one, two = (
        reading(good_with(receive={"imap": boxes})).receive.imap
        for boxes in ([imap("a@x.example", "INBOX"), imap("b", "x")], [imap("b", "x"), imap("a@x.example", "INBOX")])
    )
    assert [entry.source for entry in one] == [entry.source for entry in reversed(two)]
    assert one[0].source != one[1].source
    assert "@" not in one[0].source


def test_secrets_are_read_when_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "smtp"
    secret.write_text("erstes\n# a note\n")
    secret.chmod(0o600)
    (tmp_path / "terms.txt").write_text("terms")
    raw = good_with(send={"transport": "smtp", "host": "mail.example", "username": "u", "password_file": str(secret)})
    config = read(raw, tmp_path / "c.toml")
    password = config.send.password
    assert password is not None and password.read() == "erstes"
    secret.write_text("zweites")
    assert password.read() == "zweites"
    assert "erstes" not in repr(config) and str(secret) not in repr(config)
    secret.write_text("")
    with pytest.raises(UserError, match="is empty"):
        password.read()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    secret.write_text("drittes")
    raw["send"] = {"transport": "smtp", "host": "mail.example", "username": "u", "password_credential": "smtp"}
    raw["maild"]["key_credential"] = "smtp"
    config = read(raw, tmp_path / "c.toml")
    password = config.send.password
    assert password is not None and password.read() == "drittes"
    assert (config.maild.key_file, config.maild.key_create) == (secret, False)
    raw["maild"]["key_credential"] = "absent"
    with pytest.raises(ConfigErrors, match="LoadCredential"):
        read(raw, tmp_path / "c.toml")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_unreadable_file(tmp_path: Path) -> None:
    (tmp_path / "terms.txt").write_text("x")
    (tmp_path / "terms.txt").chmod(0)
    with pytest.raises(ConfigErrors, match="cannot be read by this user"):
        read(GOOD, tmp_path / "c.toml")


@pytest.mark.parametrize("mode", [0o604, 0o644])
@pytest.mark.parametrize("key", ["key_file", "password_file"])
def test_secrets_that_everybody_can_read(tmp_path: Path, mode: int, key: str) -> None:
    (tmp_path / "terms.txt").write_text("x")
    (tmp_path / "secret").write_text("x")
    (tmp_path / "secret").chmod(mode)
    send = {"transport": "smtp", "host": "mail.example", "username": "u", "password_file": "secret"}
    raw = good_with(send=send) if key == "password_file" else good_with(maild__key_file="secret")
    with pytest.raises(ConfigErrors, match="chmod 600") as caught:
        read(raw, tmp_path / "c.toml")
    assert [fault.key.rpartition(".")[2] for fault in caught.value.faults] == [key]


def test_notes_for_what_may_not_be_meant(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    raw = good_with(maild={}, desk__on_call=[], desk__rules={"alert_days": [3, 12]})
    warnings = reading(raw).warnings
    assert len(warnings) == 3
    assert reading(GOOD).warnings == ()


def test_m1_whose_mailbox_it_is_should_be_said_where_there_are_several_desks() -> None:
    """What no desk can be told of goes to quarantine, and an operator should know before the first mail does."""
    box = {"host": "imap.example", "username": "u", "password_file": "p"}
    two = [GOOD["desk"][0], {**GOOD["desk"][0], "name": "other", "address": "other@x.example"}]
    asked = [
        reading(good_with(receive={"imap": [{**box, **more}]}, desk=desks)).warnings
        for more, desks in (({}, two), ({"desk": "other"}, two), ({}, two[:1]))
    ]
    assert [len(found) for found in asked] == [1, 0, 0]
    assert asked[0][0].startswith("receive.imap[0].desk: ") and "quarantine" in asked[0][0]


def test_errors_hold_no_text_of_the_config() -> None:
    """rules S2: at start the message ends in the journal."""
    raw = good_with(desk__address="hanako secret@x", desk__shared_inbox="<taro>", desk__rules={"round_trips": -7})
    with pytest.raises(ConfigErrors) as caught:
        reading(raw)
    assert not re.search("hanako|taro", str(caught.value) + repr(caught.value))
    assert "round_trips = -7" in str(caught.value)
    assert "hanako" in caught.value.report()
    assert caught.value.exit_code == EX_CONFIG


def test_configs_are_values() -> None:
    """A reload compares them, and the worker process gets one."""
    assert reading(GOOD) == reading(copy.deepcopy(GOOD))
    assert reading(GOOD) != reading(good_with(desk__rules={"silence_days": 7}))
    assert pickle.loads(pickle.dumps(reading(GOOD))) == reading(GOOD)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\xff\xfe", "is not UTF-8"),
        (b"x = [", "is not TOML"),
        (b"x = " + b"[" * 100_000, "is nested too deeply"),
        (b"x = " + b"9" * 10_000, "a number is too long"),
        (b"x = 0x" + b"f" * 10_000, "there is no such key"),
        (b"", "at least one [[desk]]"),
        (b"a" * 5_000_000, "is larger than"),
        ('desk = 1\n"x\u202e\x07" = 1'.encode().replace(b"\x07", b"\\u0007"), "(an odd key)"),
    ],
    ids=range(8),
)
def test_files_that_are_no_config(tmp_path: Path, data: bytes, says: str) -> None:
    (tmp_path / "c.toml").write_bytes(data)
    with pytest.raises(UserError) as caught:
        load(tmp_path / "c.toml")
    assert says in str(caught.value)


def test_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        load(tmp_path / "none.toml")
    with pytest.raises(UserError, match="cannot be read"):
        load(tmp_path)


def test_a_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    (tmp_path / "terms.txt").write_text("x")
    (tmp_path / "c.toml").write_bytes(b"\xef\xbb\xbf" + document_of(GOOD).replace("\n", "\r\n").encode())
    assert load(tmp_path / "c.toml").desks[0].name == "soudan"


@pytest.mark.parametrize(("config", "code"), [("many_faults.toml", 1), ("nowhere.toml", 1), ("../../config.toml", 0)])
def test_the_command_itself(bad_configs: Path, config: str, code: int) -> None:
    path = TOP / "config.toml" if code == 0 else bad_configs / config
    done = subprocess.run(
        [sys.executable, "-m", "maild", "check", "--config", str(path)],
        cwd=TOP,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.startswith("config is good") is (code == 0)


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.run(argparse.Namespace(config=str(BAD[0]), json=True)) == 1
    assert json.loads(capsys.readouterr().out)["good"] is False
    assert check.run(argparse.Namespace(config=str(TOP / "config.toml"), json=True)) == 0
    assert json.loads(capsys.readouterr().out) == {"good": True, "faults": [], "warnings": []}


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.dates()
    | st.times()
    | st.datetimes()
    | st.sampled_from(["x@y.example", "~root/x", "unix:", ":", "sqlite:///", "postgresql://:@", "\x00", "a" * 3000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PATHS = [
    *(f"maild__{key.name}" for key in keys.MAILD.keys),
    *(f"receive__smtp__{key.name}" for key in keys.SMTP.keys),
    *(f"receive__lmtp__{key.name}" for key in keys.LMTP.keys),
    *(f"send__{key.name}" for key in keys.SEND.keys),
    *(f"desk__{key.name}" for key in keys.DESK.keys),
    *(f"desk__rules__{key.name}" for key in rule_keys.RULES.keys),
    *(f"desk__counselor__{key.name}" for key in keys.COUNSELOR.keys),
    *(f"desk__terms__{key.name}" for key in keys.TERMS.keys),
    *("maild", "receive", "send", "desk", "receive__imap", "desk__counselor", "desk__terms", "desk__form"),
    *("desk__form__fields", "desk__hotline", "desk__hours", "desk__rules", "receive__smtp"),
]


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(PATHS), VALUES, min_size=1, max_size=3), st.booleans())
def test_whatever_stands_there_only_faults_come_out(changes: dict[str, Any], require_files: bool) -> None:
    raw = copy.deepcopy(GOOD)
    for path, value in changes.items():
        table: Any = raw
        *steps, last = path.split("__")
        for step in steps:
            table = table[0] if isinstance(table, list) and table else table
            table = table.setdefault(step, {}) if isinstance(table, dict) else {}
        table = table[0] if isinstance(table, list) and table else table
        if isinstance(table, dict):
            table[last] = value
    try:
        reading(raw, require_files=require_files)
    except UserError as error:
        assert str(error)
        assert isinstance(error, ConfigErrors) and error.report()
