"""Machine or person (RFC 3834; rules M3). The near misses; the corpus has the plain cases."""

from __future__ import annotations

import pytest

from maild.mail import authentication, automatic, structure
from maild.mail.facts import Authentication, Bounce, BouncedRecipient, Facts
from maild.mail.parse import read
from maild.mail.report import inspect_row


def clause(
    headers: str, subject: str = "", text: str = "", *, sender: str = "h@x.example", path: str | None = None
) -> str | None:
    root = structure.read(f"{headers}\n".encode(), [])
    return automatic.clause(root, sender, path, subject, text, {"soudan@example.jp"})


@pytest.mark.parametrize(
    ("path", "wanted"),
    [("", True), ("<>", True), (" <> ", True), ("h@x.example", False), (None, False), ("list-bounces@x.example", True)],
)
def test_reverse_path(path: str | None, wanted: bool) -> None:
    assert (clause("", path=path) is not None) is wanted


@pytest.mark.parametrize("sender", ["soudan@example.jp", "soudan+token@example.jp"])
def test_ourselves(sender: str) -> None:
    assert clause("", sender=sender) == automatic.OURSELVES


def test_our_own_reverse_path_is_ourselves() -> None:
    assert clause("", path="soudan@example.jp") == automatic.OURSELVES


@pytest.mark.parametrize(
    "subject",
    [
        "自動返信: 相談",
        "【自動応答】",
        "[自動返信メール] お問い合わせ",
        "自動返信",
        "不在通知：Re: 相談",
        "不在のお知らせ",
        "Automatic reply: hello",
        "AUTO-REPLY: hello",
        "Autoreply",
        "Out of Office: Re: hello",
        "Out of the office",
        "OOO: hello",
        "自动回复: 你好",
    ],
)
def test_subjects_of_machines(subject: str) -> None:
    assert clause("", subject) == automatic.SUBJECT


@pytest.mark.parametrize(
    "subject",
    [
        "Re: 自動返信: 相談",
        "Re: 【自動返信】相談を受け付けました",
        "RE: Automatic reply: x",
        "自動返信が来ません",
        "不在のお知らせを見て",
        "夫が不在です",
        "休暇中",
        "休業中",
        "外出中",
        "出張の相談",
        "Automatic transmission",
        "automation",
        "Out of money",
        "不在者投票",
        "auto: mobile",
    ],
)
def test_subjects_of_persons(subject: str) -> None:
    assert clause("", subject, "休職中で、自動的に落ち込みます。") is None


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("I am out of the office Re: soudan", ""),
        ("Out of office Re: soudan", ""),
        ("Automatische Antwort: soudan", ""),
        ("Réponse automatique : soudan", ""),
        ("休暇中：Re: 相談", "12月28日まで休暇のため、戻り次第ご連絡します。"),
        ("【外出中】 Re: 相談", "外出しております。18時までに返信します。"),
        ("Vacation: Re: soudan", "I am out of office until Monday."),
    ],
)
def test_words_before_the_subject_that_is_answered(subject: str, text: str) -> None:
    """A program that answers puts its word before the whole subject; a person's mail program puts Re: first."""
    assert clause("", subject, text) == automatic.SUBJECT


@pytest.mark.parametrize(
    ("sender", "wanted"),
    [
        ("<>", True),
        ("MAILER-DAEMON <>", True),
        ("Mail Delivery Subsystem <>", True),
        ("花子 <>", False),
        ("hanako", False),
    ],
)
def test_a_sender_without_an_address(sender: str, wanted: bool) -> None:
    """Mail servers sign so; a person whose phone left the address out would wait for ever (M3)."""
    raw = f"From: {sender}\nSubject: soudan\n\nsoudan\n".encode()
    assert (read(raw).kind == "automatic") is wanted


@pytest.mark.parametrize("path", ["<MAILER-DAEMON>", "<mailer-daemon@phone.example>", "<>"])
def test_reverse_paths_of_programs(path: str) -> None:
    raw = f"Return-Path: {path}\nFrom: a@b.example\nSubject: soudan\n\nsoudan\n".encode()
    assert read(raw).kind == "automatic"


@pytest.mark.parametrize(
    "local", ["dont-reply", "system-dont_reply", "bounces+1234=soudan", "bounce+a=b", "notreply", "noreply2"]
)
def test_more_programs(local: str) -> None:
    assert read(f"From: {local}@b.example\n\nsoudan\n".encode()).kind == "automatic"


@pytest.mark.parametrize(
    "local", ["bounce", "bounces", "bounce.girl", "notrepliedto", "noreplyhanako", "hanako+bounce"]
)
def test_persons_with_odd_names(local: str) -> None:
    assert read(f"From: {local}@b.example\n\nsoudan\n".encode()).kind == "mail"


def test_weak_words_need_an_answer_that_says_so() -> None:
    text = "ただいま出張しており、10日まで返信できません。"
    assert clause("In-Reply-To: <a@b.example>\n", "出張中：Re: 相談", text) == automatic.SUBJECT
    assert clause("", "出張中", text) is None
    assert clause("", "出張中：Re: 相談", "出張中に送ったメールの件です。まだ眠れません。") is None
    for words in (
        "休暇中ですが会社が怖くて、戻りたくありません。返信ください。",
        "父が不在のため、母と二人です。連絡がとれません。",
    ):
        assert clause("In-Reply-To: <a@b.example>\n", words[:3].replace("父が不", "不在"), words) is None
    assert clause("In-Reply-To: <a@b.example>\n", "出張中", "ホテルで一人でいると涙が出ます。") is None


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("All", True),
        ("OOF", True),
        ("DR, OOF, AutoReply", True),
        ("oof;autoreply", True),
        ("(x) All", True),
        ("DR", False),
        ("DR, RN, NRN", False),
        ("None", False),
        ("", False),
    ],
)
def test_suppress(value: str, wanted: bool) -> None:
    assert (clause(f"X-Auto-Response-Suppress: {value}\n") == automatic.SUPPRESS) is wanted


def test_a_forwarded_report_is_a_persons_mail() -> None:
    headers = (
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nsee\n--b\nContent-Type: message/rfc822\n\n"
        "Auto-Submitted: auto-replied\nContent-Type: multipart/report; report-type=delivery-status; boundary=c\n\n--c\n"
        "Content-Type: message/disposition-notification\n\nDisposition: x\n--c--\n--b--\n"
    )
    assert clause(headers) is None


def test_a_mail_daemon_without_a_domain() -> None:
    assert clause("From: MAILER-DAEMON (Mail Delivery)\n", sender="") == automatic.SENDER
    assert clause("From: Hanako\n", sender="") is None


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (
            "mx.example.jp; dkim=pass header.d=x.example; dmarc=fail",
            ("mx.example.jp", (("dkim", "pass"), ("dmarc", "fail"))),
        ),
        ("MX.Example.JP 1; SPF=Pass (x; dmarc=pass) smtp.mailfrom=a@x.example", ("mx.example.jp", (("spf", "pass"),))),
        ("(a) mx.example.jp (b)\n\t; dmarc (c) = (d) fail (p=none)", ("mx.example.jp", (("dmarc", "fail"),))),
        ("mx.example.jp; none", ("mx.example.jp", ())),
        ("mx.example.jp", ("mx.example.jp", ())),
        ('mx.example.jp; dkim=pass reason="a; dmarc=pass" header.d=x', ("mx.example.jp", (("dkim", "pass"),))),
        ('mx.example.jp; dkim=pass reason="open; dmarc=fail', ("mx.example.jp", (("dkim", "pass"), ("dmarc", "fail")))),
        ("dmarc=pass", ("", (("dmarc", "pass"),))),
        ("", ("", ())),
    ],
)
def test_authentication_results(value: str, wanted: tuple[str, tuple[tuple[str, str], ...]]) -> None:
    root = structure.read(f"AUTHENTICATION-RESULTS: {value}\nSubject: s\n\nx".encode(), [])
    assert authentication.read(root) == (Authentication(*wanted),)


def test_authentication_results_stay_in_order() -> None:
    root = structure.read(b"Authentication-Results: a; dmarc=fail\nAuthentication-Results: b; dmarc=pass\n\n", [])
    assert [each.authserv_id for each in authentication.read(root)] == ["a", "b"]


def test_inspect_row_has_the_public_names() -> None:
    bounce = Bounce((BouncedRecipient("a@b.example", True, "5.1.1", "user_unknown"),), "<1@example.jp>")
    row = inspect_row(Facts("bounce", "m@x.example", "", (), "s", bounce=bounce))
    assert row["bounce"] == {
        "recipients": [{"address": "a@b.example", "permanent": True, "status": "5.1.1", "reason": "user_unknown"}],
        "message_id": "<1@example.jp>",
    }
    names = (
        "kind from from_name to subject message_id in_reply_to references text own_text attachments automatic bounce"
    )
    assert list(row) == [*names.split(), "intake", "crisis", "defects"]
