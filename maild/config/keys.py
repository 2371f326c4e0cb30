"""Every key of config.toml outside the rules: how it is read, its default, and what it means to an operator.

docs/config.md and the comments of config.toml are made from here (``maild.config.document``).
"""

from __future__ import annotations

from maild.config import values as v
from maild.config.reading import Key, Table

MEBIBYTE = 1024 * 1024
SECURITY = v.one_of("tls", "starttls", "none")
CREDENTIAL = v.credential

MAILD = Table(
    "[maild]",
    "The daemon itself.",
    (
        Key("data_dir", v.path, "Where database, key and embedded outgoing mail lie.", None, '"var"'),
        Key(
            "database",
            v.database,
            "SQLite needs no server; PostgreSQL is another machine's. One daemon works on it at a time.",
            None,
            "maild.db in data_dir",
        ),
        Key("database_password_file", v.secret_file, "The database's password, for PostgreSQL only.", None, "none"),
        Key("database_password_credential", CREDENTIAL, "The same as a systemd credential.", None, "none"),
        Key(
            "key_file",
            v.path,
            "Master key; made at first start. Without it nothing can be read: keep a copy elsewhere.",
            None,
            "maild.key in data_dir",
        ),
        Key(
            "key_credential",
            CREDENTIAL,
            "The master key as a systemd credential; it is never made by maild.",
            None,
            "none",
        ),
        Key("timezone", v.timezone, "The desks' clock: days end at its midnight.", "Asia/Tokyo"),
        Key("operators", v.listing(v.address), "Who hears of failures and of clients who have waited too long.", ()),
        Key(
            "trusted_authserv",
            v.listing(v.host),
            "Our own mail servers, whose Authentication-Results (SPF, DKIM, DMARC) are believed.",
            (),
        ),
        Key(
            "log_level",
            v.one_of("DEBUG", "INFO", "WARNING", "ERROR"),
            "How much is logged; never personal data.",
            "INFO",
        ),
    ),
)

RECEIVE = Table(
    "[receive]", "The ways in. None is good too: then mail comes through `maild deliver`.", (), ("smtp", "lmtp", "imap")
)

SMTP = Table(
    "[receive.smtp]",
    "An SMTP server for the mail server in front of maild.",
    (
        Key("listen", v.endpoint, "Host and port.", ("127.0.0.1", 8025, None), '"127.0.0.1:8025"'),
        Key("max_message_bytes", v.integer(10_000, 1024 * MEBIBYTE), "Larger mail is refused with 552.", 10 * MEBIBYTE),
        Key("tls_cert_file", v.file, "Certificate chain for STARTTLS; without it there is none.", None, "none"),
        Key("tls_key_file", v.file, "The certificate's key.", None, "none"),
    ),
)

LMTP = Table(
    "[receive.lmtp]",
    "An LMTP server, for Postfix or Dovecot on the same machine.",
    (
        Key(
            "listen",
            v.endpoint_or_socket,
            'Host and port, or a socket: "unix:/run/maild/lmtp.sock".',
            ("127.0.0.1", 8024, None),
            '"127.0.0.1:8024"',
        ),
        Key("max_message_bytes", v.integer(10_000, 1024 * MEBIBYTE), "Larger mail is refused with 552.", 10 * MEBIBYTE),
    ),
)

IMAP = Table(
    "[[receive.imap]]",
    "A mailbox that is read over IMAP; as many as wanted.",
    (
        Key("host", v.host, "The IMAP server."),
        Key("port", v.integer(1, 65535), "Its port.", None, "993, or 143 with starttls or none"),
        Key("security", SECURITY, "none is for loopback only.", "tls"),
        Key("username", v.text(255), "Login name."),
        Key("password_file", v.secret_file, "File whose first line is the password.", None, "none"),
        Key("password_credential", CREDENTIAL, "The password as a systemd credential.", None, "none"),
        Key("ca_file", v.file, "Certificates to trust in place of the system's.", None, "none"),
        Key("mailbox", v.text(255), "The mailbox to read.", "INBOX"),
        Key(
            "desk",
            v.text(255),
            "Name of the desk all mail in it is for; without it Delivered-To, To and Cc tell.",
            "",
            "none",
        ),
        Key("poll_seconds", v.integer(5, 3600), "How often it is read; with idle this is the safety net.", 60),
        Key("idle", v.boolean, "Let the server tell of new mail at once.", True),
        Key("after", v.one_of("delete", "move", "keep"), "What becomes of a mail there once it is safe here.", "keep"),
        Key("move_to", v.text(255), 'The mailbox for after = "move".', "", "none"),
        Key(
            "max_message_bytes",
            v.integer(10_000, 1024 * MEBIBYTE),
            "Larger mail is left there and reported.",
            50 * MEBIBYTE,
        ),
    ),
)

SEND = Table(
    "[send]",
    "The way out.",
    (
        Key(
            "transport",
            v.one_of("smtp", "maildir"),
            "maildir makes every outgoing mail a file: nothing leaves the machine.",
        ),
        Key("host", v.host, "The SMTP server that takes our mail; best one on this machine.", "", "required with smtp"),
        Key("port", v.integer(1, 65535), "Its port.", None, "465 with tls, 587 with starttls, 25 with none"),
        Key("security", SECURITY, "none is for loopback only.", "starttls"),
        Key("username", v.text(255), "Login name, if the server wants one.", "", "none"),
        Key("password_file", v.secret_file, "File whose first line is the password.", None, "none"),
        Key("password_credential", CREDENTIAL, "The password as a systemd credential.", None, "none"),
        Key("ca_file", v.file, "Certificates to trust in place of the system's.", None, "none"),
        Key("maildir", v.path, 'Where outgoing mail goes with transport = "maildir".', None, "outgoing in data_dir"),
    ),
)

DESK = Table(
    "[[desk]]",
    "One public consultation service; as many as wanted.",
    (
        Key("name", v.name, "Short name for commands, logs and reports. Cases belong to it: never change it."),
        Key("kind", v.one_of("consultation", "booking", "aftercare"), "consultation, booking or aftercare."),
        Key("address", v.address, "The public address clients write to, and the sender of all mail to them."),
        Key("plus_addressing", v.boolean, "true where soudan+TOKEN@example.jp reaches the desk too.", False),
        Key("display_name", v.text(100), "What stands beside the address in clients' mail programs.", None, "name"),
        Key("language", v.name, "The language of the letters: a directory in templates/.", "ja"),
        Key("timezone", v.timezone, "The desk's own clock.", None, "maild.timezone"),
        Key("shared_inbox", v.address, "Where the counselors read and answer."),
        Key("inboxes", v.listing(v.address), "Further shared inboxes that get every notice.", ()),
        Key("on_call", v.listing(v.address), "Who is told of a crisis, at any hour, and may answer #taken.", ()),
        Key("anonymous_counselors", v.boolean, "Counselors' names never reach a client.", True),
        Key(
            "show_client_address",
            v.boolean,
            "Counselors see clients' addresses; booking desks need it.",
            None,
            "false, true for booking",
        ),
    ),
    ("counselor", "terms", "rules", "form", "board", "hours", "hotline", "referral"),
)

COUNSELOR = Table(
    "[[desk.counselor]]",
    "Somebody who may answer; at least one.",
    (
        Key("name", v.text(100), "Known to the guard that keeps names from clients; shown to nobody outside."),
        Key("address", v.address, "The address answers come from."),
        Key("readings", v.listing(v.text(100)), "Further spellings of the name, such as kana and romaji.", ()),
        Key("phone", v.text(40), "Kept from clients too.", "", "none"),
        Key("review", v.boolean, "Another counselor approves every reply of theirs before it goes out.", False),
    ),
)

TERMS = Table(
    "[[desk.terms]]",
    "One version of the desk's terms; at least one. The version in force when a mail arrives counts.",
    (
        Key("version", v.text(40), "The version's name; printed in the acknowledgement."),
        Key("effective", v.day, "The day from which it holds."),
        Key("file", v.file, "The text itself; its SHA-256 is recorded with each consent."),
        Key("url", v.url, "Where clients read it.", "", "none"),
    ),
)

FORM = Table(
    "[desk.form]",
    "A web form that writes to the desk on behalf of clients.",
    (
        Key("sender", v.address, "The address that the form's mails come from."),
        Key("url", v.url, "Where clients find the form.", "", "none"),
    ),
    ("fields",),
)

BOARD = Table(
    "[desk.board]",
    "The shared inbox as a board: notices are filed over IMAP by whose turn it is. Left out, nothing is filed.",
    (
        Key("host", v.host, "The IMAP server of the shared inbox."),
        Key("port", v.integer(1, 65535), "Its port.", None, "993, or 143 with starttls or none"),
        Key("security", SECURITY, "none is for loopback only.", "tls"),
        Key("username", v.text(255), "Login name of the shared inbox."),
        Key("password_file", v.secret_file, "File whose first line is the password.", None, "none"),
        Key("password_credential", CREDENTIAL, "The password as a systemd credential.", None, "none"),
        Key("ca_file", v.file, "Certificates to trust in place of the system's.", None, "none"),
        Key("inbox", v.text(255), "The folder in which notices arrive.", "INBOX"),
        Key(
            "waiting",
            v.text(255),
            "Folder for what somebody at the desk must see to; inbox leaves it there.",
            "対応待ち",
        ),
        Key("answered", v.text(255), "Folder for cases in which the client is to write next.", "返信済み"),
        Key("closed", v.text(255), "Folder for cases that are over.", "終了"),
    ),
)
