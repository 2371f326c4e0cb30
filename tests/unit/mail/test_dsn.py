"""Bounces are told from mail about bounces, and read right: who, whether final, why, which mail (rules M4)."""

from __future__ import annotations

import json
import random
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maild.mail import dsn
from maild.mail.dsn import plain_words, read_bounce
from maild.mail.dsn_other import addresses_in
from maild.mail.dsn_reasons import REASONS, is_carrier, reason_of, status_of
from maild.mail.facts import Bounce

ROOT = Path(__file__).resolve().parents[3]
CORPUS = ROOT / "tests" / "corpus" / "dsn"
SHARED = ROOT.parent / "shared" / "bounces"

# File -> (whether the mail that came back is known, what is said of each recipient).
Said = tuple[str, bool, str, str]
SAMPLES: dict[str, tuple[bool, list[Said]]] = {
    "amazon-sns": (True, [("hanako@phone.example", True, "5.1.1", "user_unknown")]),
    "apache-james": (True, [("09000000000@sms.example", True, "5.1.1", "user_unknown")]),
    "au-ezweb": (False, [("hanako@ezweb.example", True, "5.1.1", "user_unknown")]),
    "au-mailbox-full": (False, [("hanako@dion.example", True, "5.2.2", "mailbox_full")]),
    "biglobe": (False, [("hanako@biglobe.example", True, "5.2.2", "mailbox_full")]),
    "broken-boundary": (True, [("hanako@phone.example", True, "5.7.26", "auth_failure")]),
    "domino": (False, [("hanako@domino.example", True, "5.1.1", "user_unknown")]),
    "dragonfly": (True, [("hanako@phone.example", True, "5.4.7", "expired")]),
    "exchange-2003": (False, [("hanako@phone.example", True, "5.1.1", "user_unknown")]),
    "exim-delay": (False, [("hanako@phone.example", False, "4.4.7", "expired")]),
    "exim-undisclosed": (True, [("hanako@phone.example", True, "5.1.2", "host_unknown")]),
    "exim": (True, [("hanako@phone.example", True, "5.7.1", "blocked")]),
    "gateway-wraps-bounce": (True, [("hanako@phone.example", True, "5.1.1", "user_unknown")]),
    "google": (True, [("hanako@phone.example", False, "4.2.2", "mailbox_full")]),
    "html-only": (False, [("hanako@phone.example", True, "5.1.10", "user_unknown")]),
    "interscan-japanese": (False, [("hanako@phone.example", True, "5.1.1", "user_unknown")]),
    "m-filter": (True, [("hanako@phone.example", True, "5.1.1", "user_unknown")]),
    "mailfoundry": (False, [("hanako@phone.example", True, "5.3.4", "message_too_big")]),
    "mailmarshal": (False, [("hanako@phone.example", True, "5.1.1", "user_unknown")]),
    "messaging-server": (True, [("hanako@phone.example", True, "5.2.1", "suspended")]),
    "no-from": (False, [("hanako@phone.example", True, "5.4.7", "expired")]),
    "notes-japanese": (True, [("hanako@notes.example", True, "5.1.1", "user_unknown")]),
    "opensmtpd": (True, [("hanako@phone.example", True, "5.1.2", "host_unknown")]),
    "qmail-queue-too-long": (True, [("hanako@phone.example", True, "5.4.1", "network")]),
    "qmail-spanish": (True, [("hanako@phone.example", True, "5.1.1", "user_unknown")]),
    "qmail": (
        True,
        [
            ("hanako@phone.example", True, "5.1.1", "user_unknown"),
            ("taro@phone.example", True, "5.2.2", "mailbox_full"),
        ],
    ),
    "rfc3464-alias": (
        True,
        [
            ("h.smith@inside.example", True, "5.1.1", "user_unknown"),
        ],
    ),
    "rfc3464-as-mixed-text": (True, [("hanako@phone.example", True, "5.1.1", "user_unknown")]),
    "rfc3464-as-octet-stream": (True, [("hanako@phone.example", True, "5.1.1", "user_unknown")]),
    "rfc3464-delayed": (True, [("hanako@phone.example", False, "4.4.1", "expired")]),
    "rfc3464-failed-status-4": (True, [("hanako@phone.example", True, "4.4.1", "network")]),
    "rfc3464-failed": (True, [("hanako@phone.example", True, "5.1.1", "user_unknown")]),
    "rfc3464-headers-only": (True, [("hanako@phone.example", True, "5.1.1", "user_unknown")]),
    "rfc3464-no-returned-part": (True, [("hanako@phone.example", True, "5.2.2", "mailbox_full")]),
    "rfc3464-phone-dots": (True, [("ha..na.@docomo.example", True, "5.2.0", "carrier_filter")]),
    "rfc3464-space-before-colon": (True, [("hanako@phone.example", True, "5.7.54", "relay_denied")]),
    "rfc3464-two-recipients": (
        True,
        [("a@phone.example", True, "5.1.1", "user_unknown"), ("b@phone.example", True, "5.2.2", "mailbox_full")],
    ),
    "rfc3464-upper-case-pipe": (True, [("hanako@phone.example", True, "5.3.0", "system_error")]),
    "rfc3464-wrong-report-type": (True, [("hanako@phone.example", True, "5.1.1", "user_unknown")]),
    "sendmail-postmaster-unknown": (False, [("postmaster@phone.example", True, "5.1.1", "user_unknown")]),
    "sendmail-transcript": (True, [("hanako@docomo.example", True, "5.0.0", "carrier_filter")]),
    "sendmail-v5": (True, [("hanako@phone.example", True, "5.1.2", "host_unknown")]),
    "softbank-filter": (False, [("hanako@softbank.example", True, "5.7.1", "carrier_filter")]),
    "surfcontrol": (False, [("hanako@phone.example", True, "5.1.1", "user_unknown")]),
    "x6": (False, [("hanako@phone.example", True, "5.1.1", "user_unknown")]),
    "zoho": (True, [("hanako@phone.example", True, "5.2.2", "mailbox_full")]),
}


def read(path: Path) -> Message:
    return message_from_bytes(path.read_bytes())


def summary(bounce: Bounce | None) -> list[tuple[str, bool, str, str]]:
    return [] if bounce is None else [(r.address, r.permanent, r.status, r.reason) for r in bounce.recipients]


def test_every_sample_is_in_the_table() -> None:
    assert {path.stem for path in (CORPUS / "bounces").glob("*.eml")} == set(SAMPLES)
    assert len(SAMPLES) >= 25


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_bounce_is_read(name: str) -> None:
    known, expected = SAMPLES[name]
    bounce = read_bounce(read(CORPUS / "bounces" / f"{name}.eml"), "")
    assert bounce is not None
    assert summary(bounce) == expected
    assert bounce.message_id == ("<r1@desk.example>" if known else None)


OTHERS = sorted(path.stem for path in (CORPUS / "others").glob("*.eml"))


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_bounce_is_none(name: str) -> None:
    message = read(CORPUS / "others" / f"{name}.eml")
    assert read_bounce(message, "") is None
    # The same with the text that the rest of maild decoded: words alone never make a bounce.
    assert read_bounce(message, "550 5.1.1 <taro@phone.example>... User unknown") is None


def test_there_are_enough_others() -> None:
    assert len(OTHERS) >= 15


@pytest.mark.parametrize(
    ("action", "status", "permanent"),
    [
        ("failed", "4.4.1", True),  # rules M4: final whatever the status
        ("Failed (mailbox full)", "4.2.2", True),
        ("FAILED", "5.1.1", True),
        ("delayed", "4.4.1", False),
        ("delayed", "5.0.0", False),
        ("", "5.1.1", True),
        ("", "4.2.2", False),
    ],
)
def test_the_action_decides_and_the_class_only_without_one(action: str, status: str, permanent: bool) -> None:
    bounce = read_bounce(report(f"Final-Recipient: rfc822; a@x.example\nAction: {action}\nStatus: {status}\n"), "")
    assert bounce is not None
    assert [r.permanent for r in bounce.recipients] == [permanent]


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded", "Delivered (to mailbox)"])
def test_good_news_is_no_bounce(action: str) -> None:
    assert read_bounce(report(f"Final-Recipient: rfc822; a@x.example\nAction: {action}\nStatus: 2.0.0\n"), "") is None


def report(fields: str, extra: str = "") -> Message:
    return message_from_bytes(
        (
            f"Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nSubject: report\n{extra}"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
            "--b\nContent-Type: text/plain\n\nnothing to say\n"
            f"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n{fields}\n--b--\n"
        ).encode()
    )


@pytest.mark.parametrize(
    ("field", "address"),
    [
        ("rfc822; Hanako@X.Example", "hanako@x.example"),
        ("RFC822;<hanako@x.example>", "hanako@x.example"),
        ("rfc/822;hanako@x.example", "hanako@x.example"),
        ("<hanako@x.example>", "hanako@x.example"),
        ("rfc822; ha..na.@docomo.example", "ha..na.@docomo.example"),
        ('rfc822; "ha..na."@docomo.example', "ha..na.@docomo.example"),
        ("rfc822; @relay.example:hanako@x.example", "hanako@x.example"),
        ("utf-8; 花子@x.example", "花子@x.example"),
        ("rfc822;hanako@x.example (Hanako)", "hanako@x.example"),
    ],
)
def test_addresses_as_servers_write_them(field: str, address: str) -> None:
    bounce = read_bounce(report(f"Final-Recipient: {field}\nAction: failed\nStatus: 5.1.1\n"), "")
    assert bounce is not None
    assert [r.address for r in bounce.recipients] == [address]


def test_the_address_that_failed_is_named_not_the_alias_before_it() -> None:
    fields = "Final-Recipient: rfc822; h@inside.example\nOriginal-Recipient: rfc822; h@x.example\nAction: failed\n"
    bounce = read_bounce(report(fields), "")
    assert bounce is not None
    assert [r.address for r in bounce.recipients] == ["h@inside.example"]


@pytest.mark.parametrize(
    ("extra", "message_id"),
    [
        ("In-Reply-To: <r1@desk.example>\n", "<r1@desk.example>"),
        ("References: <r0@desk.example> <r1@desk.example>\n", "<r1@desk.example>"),
        ("Message-ID: <self@mx.example>\nIn-Reply-To: <self@mx.example>\n", None),
        ("", None),
    ],
)
def test_where_no_mail_came_back_a_reference_names_it(extra: str, message_id: str | None) -> None:
    bounce = read_bounce(report("Final-Recipient: rfc822; a@x.example\nAction: failed\n", extra), "")
    assert bounce is not None
    assert bounce.message_id == message_id


def test_text_decoded_elsewhere_is_used_where_a_part_has_none() -> None:
    raw = b"Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nSubject: failure notice\nContent-Type: image/png\n\nxx"
    message = message_from_bytes(raw)
    assert read_bounce(message, "") is None
    assert summary(read_bounce(message, "<a@x.example>:\n550 5.1.1 User unknown\n")) == [
        ("a@x.example", True, "5.1.1", "user_unknown")
    ]


@pytest.mark.parametrize(
    ("said", "status", "host", "after_data", "reason"),
    [
        ("550 Unknown user a@docomo.example", "", "docomo.ne.jp", True, "carrier_filter"),
        ("550 Unknown user a@docomo.example", "", "docomo.ne.jp", False, "user_unknown"),
        ("550 : User unknown", "5.0.0", "ezweb.ne.jp", False, "carrier_filter"),
        ("550 <a@au.example>: User unknown", "5.1.1", "au.com", True, "user_unknown"),
        ("550 Invalid recipient: <a@softbank.example>", "", "softbank.ne.jp", False, "user_unknown"),
        ("受信者の受信拒否設定により配信できません", "", "softbank.ne.jp", False, "carrier_filter"),
        ("受信者の受信拒否設定により配信できません", "", "x.example", False, "filtered"),
        ("552 5.2.2 quota exceeded, giving up", "5.2.2", "x.example", False, "mailbox_full"),
        ("メールボックスの容量を超えました", "", "x.example", False, "mailbox_full"),
        ("550 5.7.26 did not pass DMARC", "5.7.26", "x.example", False, "auth_failure"),
        ("554 5.7.1 blocked using zen.spamhaus.org", "5.7.1", "x.example", False, "blocked"),
        ("550 message looks like spam", "", "x.example", False, "spam"),
        ("552 5.3.4 too big", "5.3.4", "x.example", False, "message_too_big"),
        ("554 5.7.1 Relay access denied", "5.7.1", "x.example", False, "relay_denied"),
        ("Host or domain name not found", "5.4.4", "x.example", False, "host_unknown"),
        ("connect to x.example: Connection refused", "4.4.1", "x.example", False, "network"),
        ("delivery time expired", "4.4.7", "x.example", False, "expired"),
        ("account has been disabled", "5.2.1", "x.example", False, "suspended"),
        ("421 too many connections", "", "x.example", False, "rate_limited"),
        ("", "5.1.6", "x.example", False, "moved"),
        ("", "4.3.5", "x.example", False, "system_error"),
        ("", "", "x.example", False, "undefined"),
    ],
)
def test_reasons(said: str, status: str, host: str, after_data: bool, reason: str) -> None:
    assert reason_of(said, status, "", host, after_data) == reason


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("docomo.ne.jp", True),
        ("mfsmax.docomo.ne.jp", True),
        ("au.com", True),
        ("lsean.ezweb.ne.jp", True),
        ("i.softbank.jp", True),
        ("docomo.example", True),
        ("shop.com.au", False),
        ("mydocomo.example", False),
        ("", False),
    ],
)
def test_carriers(host: str, expected: bool) -> None:
    assert is_carrier(host) is expected


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_plain_words_in_both_languages(reason: str) -> None:
    japanese, english = plain_words(reason, "ja"), plain_words(reason, "en")
    assert japanese.endswith("。")
    assert not japanese.isascii()
    assert english.endswith(".")
    assert english.isascii()
    assert 1 <= japanese.count("。") <= 2
    assert plain_words(reason, "ja-JP") == japanese
    assert status_of(reason, True)[:1] in {"5", ""}


def test_unknown_reasons_and_languages_read_as_something() -> None:
    assert plain_words("no_such_reason", "ja") == plain_words("undefined", "ja")
    assert plain_words("user_unknown", "xx") == plain_words("user_unknown", "en")
    assert len({plain_words(reason, "ja") for reason in REASONS}) == len(REASONS)


# ---- hostile input (M6)

SEEDS = [path.read_bytes() for path in sorted(CORPUS.glob("*/*.eml"))]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_mutations_never_raise_and_keep_the_shape(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(SEEDS)))
    rng = random.Random(data.draw(st.integers(0, 2**32)))
    for _ in range(rng.randrange(1, 12)):
        at = rng.randrange(len(raw))
        how = rng.randrange(4)
        if how == 0:
            raw[at] = rng.randrange(256)
        elif how == 1:
            del raw[at : at + rng.randrange(1, 40)]
        elif how == 2:
            raw[at:at] = raw[at : at + rng.randrange(1, 200)]
        else:
            raw[at:at] = bytes([rng.choice(b"\x00\x1b\r\n<>@:;=?\xff")]) * rng.randrange(1, 30)
        if not raw:
            raw = bytearray(b"\n")
    # Past the net of read_bounce: what it would catch is a fault to find here.
    bounce = dsn._read(message_from_bytes(bytes(raw)), "", 0)
    if bounce is not None:
        assert bounce.recipients
        for one in bounce.recipients:
            assert "@" in one.address
            assert one.address == one.address.lower()
            assert one.reason in REASONS
            assert one.status == "" or one.status[0] in "245"
        assert bounce.message_id is None or (bounce.message_id[0], bounce.message_id[-1]) == ("<", ">")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.text(max_size=400))
def test_any_bytes_and_text(raw: bytes, text: str) -> None:
    for head in (b"", b"From: MAILER-DAEMON@x.example\nReturn-Path: <>\nSubject: failure notice\n\n"):
        bounce = dsn._read(message_from_bytes(head + raw), text, 0)
        assert bounce is None or bounce.recipients


@given(st.text(max_size=200))
def test_addresses_are_found_anywhere_or_nowhere(text: str) -> None:
    for free in (True, False):
        for at, address in addresses_in(text, free=free):
            assert 0 <= at < len(text)
            assert address.count("@") == 1


HEAD = b"Return-Path: <>\nFrom: MAILER-DAEMON@x.example\nSubject: failure notice\n"
ADVERSARIAL = (
    "a", "@", "a@", "a@b.", "<a@b.example>:\n", ">", "-", "--", "5.1.1 ", "550 ", "5.", "<", ": ", "Status:\n",
    "\n", " ", "Final-Recipient: rfc822; a@b.example\n", "Received: x\n", "=?", "=?a?q?", "{", '{"a":', "<p",
    "Message-ID: <", "--- ", ">>> DATA\n", "user unknown ", "花", "\x1b$B", "b@", '"@', "(", "a@b.example ",
)  # fmt: skip


@pytest.mark.parametrize("kind", ["text/plain", "text/html", "message/delivery-status", "multipart/report; boundary=b"])
@pytest.mark.parametrize("unit", ADVERSARIAL)
def test_200_kb_of_one_thing_end(kind: str, unit: str) -> None:
    # A super-linear step would take minutes here and be seen as a hang of the suite.
    body = (unit * (200_000 // len(unit.encode()))).encode()
    message = message_from_bytes(HEAD + f"Content-Type: {kind}\n\n".encode() + body)
    bounce = read_bounce(message, body.decode())
    assert bounce is None or len(bounce.recipients) <= 200


@pytest.mark.parametrize(
    "name", ["Subject", "From", "To", "References", "Message-ID", "X-Failed-Recipients", "Content-Type"]
)
def test_giant_headers_end(name: str) -> None:
    for unit in ("<a@", "=?a?q?", "a@b.example,", "<", '"', ";", "(", "=?utf-8?b?"):
        raw = f"{name}: ".encode() + unit.encode() * (100_000 // len(unit)) + b"\n" + HEAD + b"\nx: 550 5.1.1\n"
        bounce = read_bounce(message_from_bytes(raw), "")
        assert bounce is None or len(bounce.recipients) <= 200


def test_deep_and_wide_messages_end() -> None:
    part = Message()
    part["Content-Type"] = "text/plain"
    part.set_payload("550 5.1.1 <a@x.example>")
    for _ in range(300):
        outer = Message()
        outer["Content-Type"] = "multipart/mixed"
        outer.set_payload([part])
        part = outer
    part["From"] = "MAILER-DAEMON@x.example"
    assert read_bounce(part, "") is None
    wide = Message()
    wide["Content-Type"] = "multipart/mixed"
    wide["From"] = "MAILER-DAEMON@x.example"
    leaf = Message()
    leaf.set_payload("<a@x.example>:\n550 5.1.1 User unknown")
    wide.set_payload([leaf] * 5_000)
    assert [r[0] for r in summary(read_bounce(wide, ""))] == ["a@x.example"]


# ---- real ones (../shared/bounces; Sisimai's answers beside them)

# Sisimai calls these delivered, vacation or feedback; to us that is automatic mail, not a bounce (interfaces.md).
NO_BOUNCE = frozenset({"delivered", "vacation", "feedback"})

# Where our answer is another than Sisimai's, and why.
DIFFERENCES: dict[str, str] = {
    "lhost-sendmail-14.eml": "a person forwards a bounce inline: that person is a client",
    "rfc3834-05.eml": "an automatic answer with an address in it; nothing says that anything failed",
}
# Sisimai's version could not read these; the addresses are in their text.
UNREAD_BY_SISIMAI = ("lhost-dragonfly-", "lhost-mimecast-02")
# Notices that a mail is late: it may still arrive, whatever status Sisimai derives (some of its are of class 5).
LATE = frozenset(
    f"{name}.eml"
    for name in (
        "lhost-exim-41", "lhost-gmail-06", "lhost-gmail-09", "lhost-messagingserver-07", "lhost-opensmtpd-04",
        "lhost-opensmtpd-06", "lhost-opensmtpd-13", "lhost-opensmtpd-15", "lhost-outlook-06", "lhost-sendmail-29",
        "lhost-sendmail-55", "lhost-x1-04", "lhost-zoho-04", "rfc3464-07", "rfc3464-09", "rfc3464-55",
        "lhost-postfix-75",  # a session that was refused for the time being; the sender keeps the mail
    )
)  # fmt: skip

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/bounces beside this checkout")


def expected() -> list[tuple[str, list[dict[str, str]]]]:
    lines = (SHARED / "expected.jsonl").read_text("utf-8").splitlines()
    return [(row["file"], row["found"]) for row in map(json.loads, lines)]


@needs_shared
def test_real_bounces_agree_with_sisimai() -> None:
    wrong: list[str] = []
    rows = expected()
    for name, found in rows:
        theirs = {one["recipient"].lower() for one in found if one["reason"] not in NO_BOUNCE}
        ours = {one[0] for one in summary(read_bounce(read(SHARED / name), ""))}
        if name in DIFFERENCES:
            if ours:
                wrong.append(name)
        elif name.startswith(UNREAD_BY_SISIMAI):
            if len(ours) != 1:
                wrong.append(name)
        elif ours != theirs:
            wrong.append(name)
    assert wrong == []
    assert len(DIFFERENCES) <= 0.02 * len(rows)


@needs_shared
def test_real_bounces_that_may_still_arrive() -> None:
    late = {name for name, _ in expected() for one in summary(read_bounce(read(SHARED / name), "")) if not one[1]}
    assert late == LATE


@needs_shared
def test_real_bounces_without_their_headers_of_transport() -> None:
    """A mailbox read by IMAP may have lost Return-Path: what a server wrote is told by the rest all the same."""
    lost = []
    rows = [name for name, found in expected() if found and found[0]["reason"] not in NO_BOUNCE]
    for name in rows:
        if name in DIFFERENCES:
            continue
        message = read(SHARED / name)
        del message["Return-Path"]
        if read_bounce(message, "") is None:
            lost.append(name)
    assert len(lost) <= 0.01 * len(rows), lost
