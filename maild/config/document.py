"""docs/config.md and the embedded config.toml, made from the keys: ``python -m maild.config.document --write .``"""

from __future__ import annotations

import sys
from datetime import date, time
from pathlib import Path
from typing import Any

from maild.config import keys
from maild.config.reading import REQUIRED, Key, Table
from maild.config.rule_keys import HOTLINE, HOURS, ITEM, REFERRAL, RULES
from maild.config.values import WEEKDAYS

# The embedded default: one consultation desk after seed 000 that needs no server.
EMBEDDED: dict[str, str] = {
    "[maild] data_dir": '"var"',
    "[maild] database": '"sqlite:///var/maild.db"',
    "[maild] key_file": '"var/maild.key"',
    "[maild] timezone": '"Asia/Tokyo"',
    "[maild] operators": '["ops@soudan.example"]',
    "[receive.smtp] listen": '"127.0.0.1:8025"',
    "[receive.smtp] max_message_bytes": "10_485_760",
    "[send] transport": '"maildir"',
    "[send] maildir": '"var/outgoing"',
    "[[desk]] name": '"soudan"',
    "[[desk]] kind": '"consultation"',
    "[[desk]] address": '"soudan@soudan.example"',
    "[[desk]] display_name": '"メール相談窓口"',
    "[[desk]] language": '"ja"',
    "[[desk]] shared_inbox": '"counselors@soudan.example"',
    "[[desk]] on_call": '["oncall@soudan.example"]',
    "[[desk.counselor]] name": '"佐藤花子"',
    "[[desk.counselor]] address": '"sato@soudan.example"',
    "[[desk.counselor]] readings": '["さとうはなこ", "Sato Hanako"]',
    "[[desk.terms]] version": '"2026-04"',
    "[[desk.terms]] effective": "2026-04-01",
    "[[desk.terms]] file": '"examples/terms/soudan.txt"',
    "[[desk.terms]] url": '"https://soudan.example/terms"',
    "[desk.rules] round_trips": "3",
    "[desk.rules] silence_days": "30",
    "[desk.rules] intake_silence_days": "30",
    "[desk.rules] client_days": "90",
    "[desk.rules] resend_after_days": "10",
    "[desk.rules] alert_days": "[3, 7, 9]",
    "[desk.rules] attachments": '"reject"',
    "[desk.rules] grace_hours": "24",
    "[desk.rules] required": '["name", "sex", "age", "region", "content"]',
    "[desk.rules] disclosure_grounds": '["生命の危険", "虐待", "自殺のおそれ", "法令による求め", "違法行為・犯罪"]',
    "[desk.rules] closing_days": '"12月29日から1月3日"',
}

# What a key that is left out could look like, where its default is no value one could write.
SAMPLES: dict[str, str] = {
    "[maild] database_password_file": '"secrets/database"',
    "[maild] database_password_credential": '"database-password"',
    "[maild] key_credential": '"maild-key"',
    "[maild] trusted_authserv": '["mx.soudan.example"]',
    "[receive.smtp] tls_cert_file": '"tls/fullchain.pem"',
    "[receive.smtp] tls_key_file": '"tls/key.pem"',
    "[[receive.imap]] host": '"imap.soudan.example"',
    "[[receive.imap]] port": "993",
    "[[receive.imap]] username": '"soudan"',
    "[[receive.imap]] password_file": '"secrets/imap"',
    "[[receive.imap]] password_credential": '"imap-password"',
    "[[receive.imap]] ca_file": '"tls/ca.pem"',
    "[[receive.imap]] move_to": '"maild"',
    "[[receive.imap]] desk": '"soudan"',
    "[send] host": '"127.0.0.1"',
    "[send] port": "587",
    "[send] username": '"soudan"',
    "[send] password_file": '"secrets/smtp"',
    "[send] password_credential": '"smtp-password"',
    "[send] ca_file": '"tls/ca.pem"',
    "[[desk]] timezone": '"Asia/Tokyo"',
    "[[desk]] show_client_address": "false",
    "[[desk.counselor]] phone": '"090-0000-0000"',
    "[desk.rules] digest": '"08:30"',
    "[desk.rules] hours": '{ weekdays = ["mon", "tue", "wed", "thu", "fri"], start = "09:00", end = "17:00" }',
    "[desk.rules] hotlines": '[{ name = "よりそいホットライン", phone = "0120-279-338", hours = "24時間" }]',
    "[desk.rules] referrals": '[{ name = "saposute", text = "地域若者サポートステーションのご案内です。" }]',
    "[[desk.hotline]] name": '"よりそいホットライン"',
    "[[desk.hotline]] phone": '"0120-279-338"',
    "[[desk.hotline]] hours": '"24時間"',
    "[[desk.hotline]] url": '"https://soudan.example/hotline"',
    "[[desk.hotline]] region": '"三重県"',
    "[[desk.hotline]] ages": '"18歳まで"',
    "[[desk.referral]] name": '"saposute"',
    "[[desk.referral]] text": '"地域若者サポートステーションのご案内です。"',
    "[desk.form] sender": '"form@soudan.example"',
    "[desk.form] url": '"https://soudan.example/form"',
    "[desk.board] host": '"imap.soudan.example"',
    "[desk.board] port": "993",
    "[desk.board] username": '"counselors"',
    "[desk.board] password_file": '"secrets/board"',
    "[desk.board] password_credential": '"board-password"',
    "[desk.board] ca_file": '"tls/ca.pem"',
}

# In the order of config.toml. Tables that come after a [[desk]] belong to it.
TABLES: tuple[Table, ...] = (
    keys.MAILD,
    keys.SMTP,
    keys.LMTP,
    keys.IMAP,
    keys.SEND,
    keys.DESK,
    keys.COUNSELOR,
    keys.TERMS,
    RULES,
    HOURS,
    HOTLINE,
    REFERRAL,
    keys.BOARD,
    keys.FORM,
)
FORM_FIELDS = (
    "[desk.form.fields]",
    "The label before each field of the form's mails; email is the client's address, consent:… must be ticked.",
    ('email = "メールアドレス"', 'name = "お名前"', 'content = "ご相談内容"', '"consent:terms" = "利用規約に同意する"'),
)


def toml(value: Any) -> str:
    """A default as the config file writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:_}" if value >= 100_000 else str(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, tuple):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return f'"{value:%H:%M}"'
    raise TypeError(f"no TOML for {type(value).__name__}")


def default(key: Key) -> str:
    """The default in words or in TOML."""
    if key.default is REQUIRED:
        return "required"
    return key.shown_default or toml(key.default)


def _sample(table: Table, key: Key) -> str:
    return SAMPLES.get(f"{table.header} {key.name}") or (
        key.shown_default if key.default is REQUIRED or key.shown_default else toml(key.default)
    )


def embedded() -> str:
    """config.toml: what holds stands plainly, what could be set stands behind a ``#``."""
    lines = [
        "# The embedded default of maild: one consultation desk, SMTP in on loopback, outgoing mail as files, SQLite.",
        "# No server is needed: `make run`, send a mail to 127.0.0.1:8025, and look into var/outgoing/new.",
        "#",
        "# `maild check` prints every fault at once. A line behind # shows a key that is not set, with its default or",
        "# a sample. Relative paths are relative to this file. Secrets never stand here. All keys: docs/config.md.",
        "# Addresses under .example belong to nobody: put in your own.",
    ]
    for table in TABLES:
        used = any(f"{table.header} {key.name}" in EMBEDDED for key in table.keys)
        lines += ["", f"# {table.doc}", table.header if used else f"#{table.header}"]
        for key in table.keys:
            value = EMBEDDED.get(f"{table.header} {key.name}")
            lines.append(f"# {key.doc}")
            lines.append(f"{key.name} = {value}" if value is not None else f"#{key.name} = {_sample(table, key)}")
    header, doc, samples = FORM_FIELDS
    lines += [f"# {doc}", f"#{header}", *(f"#{one}" for one in samples)]
    return "\n".join(lines) + "\n"


def reference() -> str:
    """docs/config.md."""
    lines = [
        "# config.toml",
        "",
        "Made from the keys in `maild/config/` by `python -m maild.config.document --write .`; a test compares.",
        "",
        "TOML, read whole at start and at SIGHUP; `maild check` prints every fault at once with its key, its value and",
        "what is allowed. An unknown key is a fault. Relative paths are relative to the config file.",
        "",
        '**Secrets** come from files or systemd credentials, never from the config itself: `password_file = "path"`',
        '(the first line counts; the file must not be readable by everybody) or `password_credential = "name"` with',
        "`LoadCredential=name:path` in the unit.",
        "",
        "**Reload.** `systemctl reload maild` (SIGHUP) reads the file again; a faulty one changes nothing and is",
        "reported.",
        "",
    ]
    for table in (*TABLES, ITEM):
        lines += [
            f"## {table.header.replace('{ … }', '{…}')}",
            "",
            table.doc,
            "",
            "| key | allowed | default | |",
            "| --- | --- | --- | --- |",
        ]
        for key in table.keys:
            cells = (f"`{key.name}`", key.reader.allowed, _code(default(key)), key.doc)
            lines.append("| " + " | ".join(one.replace("|", "\\|") for one in cells) + " |")
        lines.append("")
    header, doc, samples = FORM_FIELDS
    lines += [f"## {header}", "", doc, "", "```toml", *samples, "```", ""]
    lines += ["`weekdays` are " + ", ".join(f"`{one}`" for one in WEEKDAYS) + "."]
    return "\n".join(lines) + "\n"


def _code(text: str) -> str:
    plain = text in ("required", "none", "everywhere", "everyone") or (" " in text and text[:1] not in '["')
    return text if plain else f"`{text}`"


def main(arguments: list[str]) -> int:
    """Print both, or write them under a directory."""
    if arguments[:1] == ["--write"] and len(arguments) == 2:
        top = Path(arguments[1])
        (top / "config.toml").write_text(embedded(), "utf-8")
        (top / "docs" / "config.md").write_text(reference(), "utf-8")
    else:
        sys.stdout.write(embedded() + "\n" + reference())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
