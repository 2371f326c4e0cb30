"""A long consultation, every mail of it searched byte by byte: nothing of a counselor reaches a client, and no address
of a client reaches a counselor (rules P1, P1a, P2, P2a, P10, M7).

Clients and counselors write as real programs do, with everything such programs give away in headers, quotes, HTML and
signatures. The whole play is seeded: another seed is another play.
"""

from __future__ import annotations

import base64
import quopri
import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email import message_from_bytes
from email.header import Header, decode_header
from email.message import Message
from html import escape, unescape
from pathlib import Path
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest

from maild.config import load
from maild.operate.rehearse import Sent, Stage, read_message
from maild.operate.scenario import Attachment, Step

DESK = "soudan@desk.example"
CONFIG = """
[maild]
data_dir = "var"
operators = ["ops@desk.example"]
[receive.smtp]
listen = "127.0.0.1:8025"
[send]
transport = "maildir"
maildir = "out"
[[desk]]
name = "soudan"
kind = "consultation"
address = "soudan@desk.example"
display_name = "メール相談窓口"
language = "ja"
shared_inbox = "room@house.example"
on_call = ["pager@house.example"]
[[desk.counselor]]
name = "佐藤花子"
address = "hsato.k1@house.example"
phone = "090-5555-1234"
[[desk.counselor]]
name = "長谷川 純一"
address = "hasegawa-j@house.example"
[[desk.counselor]]
name = "Ellen Takanashi"
address = "etakanashi@house.example"
[[desk.terms]]
version = "2026-04"
effective = 2025-04-01
file = "terms.txt"
[desk.rules]
crisis_minutes = 1440
"""
COUNSELORS = ("hsato.k1@house.example", "hasegawa-j@house.example", "etakanashi@house.example")
# Of the counselors, in any form: none of it may stand in a mail to a client.
OF_COUNSELORS = (
    "佐藤", "花子", "さとう", "サトウ", "はなこ", "長谷川", "純一", "はせがわ", "hasegawa", "takanashi",
    "ellen", "hsato", "house.example", "090-5555-1234", "9055551234", "room@", "pager", "mutt/", "thunderbird",
    "outlook", "x-mailer", "user-agent", "received:", "x-originating", "192.0.2.", "-0500", "+0545", "est)",
    "lavender-pc", "disposition-notification", "organization", "外部には秘密の署名", "ops@desk.example",
)  # fmt: skip
CLIENTS = (
    ("yamada.taro77@docomo.example", "たろう"),
    ("k..mizuki.@ezweb.example", "みずき"),
    ("QuietRiver_9@mail.example", "川の人"),
    ("nana-blue+help@mail.example", "なな"),
)
# Whole addresses, their local parts, and those without the part behind a plus.
OF_CLIENTS = tuple(
    one for address, _ in CLIENTS for local in [address.partition("@")[0].lower()]
    for one in (address.lower(), local, local.partition("+")[0])
)  # fmt: skip
STRANGER = "sibling.of@mail.example"


# -- what clients write ------------------------------------------------------------------------------------------------


def client_text(dice: random.Random, address: str, name: str, *, first: bool) -> str:
    head = f"名前：{name}\n性別：女性\n年齢：{dice.randint(18, 60)}歳\n地域：県内\n相談内容：" if first else ""
    local = address.partition("@")[0]
    words = dice.choice(
        (
            "仕事のことで眠れません。",
            "母との関係に疲れました。",
            f"死にたいです。{address}",
            f"返事は {address} にください。",
            f"携帯は{wide(address)}です。",
            f"IDは {local} です。検索してください。",
            f"連絡先 mailto:{address} です。",
            f"{local}(at){address.partition('@')[2]} でも届きます。",
            f"リンク https://x.example/?u={address.replace('@', '%40')} を見てください。",
            f"{local[:4]}\n{local[4:]}@{address.partition('@')[2]} に届きます。",
        )
    )
    signature = dice.choice(("", f"\n-- \n{name}\n{address}\n", f"\n{local}\n", f"\n＊{address.upper()}＊\n"))
    last = dice.choice(("よろしくお願いします。", "つらいです。", ""))
    return f"{head}{words}\n{last} {dice.randint(1, 9999)}\n{signature}"


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def client_mail(
    dice: random.Random, address: str, name: str, at: datetime, last: Sent | None, claims: Sent | None = None
) -> bytes:
    text = client_text(dice, address, name, first=last is None)
    answered = claims or last
    lines = [
        f"Received: from phone ([198.51.100.7]) by mx.mail.example for <{DESK}>; {at:%a, %d %b %Y %H:%M:%S +0900}",
        f"From: {Header(name, dice.choice(('utf-8', 'iso-2022-jp'))).encode()} <{address}>",
        f"To: {DESK}",
        f"Reply-To: {address}",
        f"Message-ID: <c{dice.randrange(10**9)}.{address.partition('@')[0].strip('.')}@mail.example>",
        f"Date: {at:%a, %d %b %Y %H:%M:%S +0900}",
        "MIME-Version: 1.0",
    ]
    subject = dice.choice(("相談です", f"{address} より", "Re: お返事", ""))
    lines.append(f"Subject: {Header(subject, 'utf-8').encode()}")
    if answered is not None:
        lines += [f"In-Reply-To: {answered.message_id}", f"References: {answered.message_id}"]
        quoted = read_message(answered.data)[1]
        text += f"\n{at:%Y/%m/%d} {DESK} → {address}:\n" + "".join(f"> {line}\n" for line in quoted.splitlines())
    return b"\r\n".join(line.encode() for line in lines) + b"\r\n" + body(dice, text)


def body(dice: random.Random, text: str) -> bytes:
    """The text as programs send it: plain in several charsets and encodings, or with HTML beside it."""
    way = dice.choice(("utf-8", "jis", "base64", "quoted", "html", "alternative"))
    if way == "jis":
        try:
            return b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" + crlf(text).encode("iso-2022-jp")
        except UnicodeEncodeError:
            way = "utf-8"
    raw = crlf(text).encode()
    if way == "utf-8":
        return b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + raw
    if way == "base64":
        head = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        return head + base64.encodebytes(raw)
    if way == "quoted":
        head = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        return head + quopri.encodestring(raw)
    page = (
        "<html><body>"
        + "".join(f"<div>{escape(line) or '<br>'}</div>" for line in text.splitlines())
        + "</body></html>"
    )
    rich = b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    rich += base64.encodebytes(page.encode())
    if way == "html":
        return rich
    plain = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + raw
    mark = b"=_part%d" % dice.randrange(10**6)
    return (
        b'Content-Type: multipart/alternative; boundary="' + mark + b'"\r\n\r\n--' + mark + b"\r\n" + plain
        + b"\r\n--" + mark + b"\r\n" + rich + b"\r\n--" + mark + b"--\r\n"
    )  # fmt: skip


def crlf(text: str) -> str:
    return text.replace("\n", "\r\n")


# -- what counselors write ---------------------------------------------------------------------------------------------

REPLIES = (
    "お返事ありがとうございます。ゆっくり休めていますか。",
    "#途中連絡\nいただいたメールを読みました。数日ください。",
    "書いてくださってありがとうございます。まずは眠ることを考えましょう。",
    "#メモ\n佐藤から長谷川さんへ。次回はお願いします。",
    "#状況",
    "#保留",
    "#再開",
    "#返信不要",
    "#対応します",
    "#危機解除",
    "担当の佐藤です。お電話ください。",
    "ご連絡は hsato.k1@house.example まで。",
    "#何か\n知らない指示です。",
    "お大事に。\n\n長谷川",
)
NAMES = {
    "hsato.k1@house.example": "佐藤花子",
    "hasegawa-j@house.example": "長谷川 純一",
    "etakanashi@house.example": "Ellen",
}


def counselor_mail(dice: random.Random, sender: str, at: datetime, notice: Sent) -> bytes:
    """An answer to a notice as mutt, Thunderbird, Outlook or a phone writes it."""
    name, (subject, told, _) = NAMES[sender], read_message(notice.data)
    text = dice.choice(REPLIES)
    quoted = "".join(f"> {line}\n" for line in told.splitlines())
    way = dice.choice(("mutt", "thunderbird", "outlook", "phone", "below"))
    signature = f"\n-- \n{name}\n{sender}\n外部には秘密の署名\n"
    if way == "mutt":
        text = f"{text}\n{signature}\nOn {at:%a, %b %d, %Y} at {at:%H:%M:%S}AM -0500, メール相談窓口 wrote:\n{quoted}"
    elif way == "thunderbird":
        text = f"{text}\n\n{at:%Y/%m/%d %H:%M}、メール相談窓口 <{DESK}> のメール:\n{quoted}"
    elif way == "outlook":
        head = f"From: メール相談窓口 <{DESK}>\nSent: {at:%A, %B %d, %Y}\nTo: {name} <{sender}>\nSubject: {subject}\n"
        text = f"{text}\n\n-----Original Message-----\n{head}\n{told}"
    elif way == "phone":
        text = f"{text}\n\n{at:%Y年%m月%d日(%a) %H:%M} メール相談窓口 <{DESK}>:\n\n{quoted}"
    else:
        text = f"{quoted}\n{text}\n{signature}"
    lines = [
        "Received: from lavender-pc ([192.0.2.44]) by mail.house.example; x",
        f"From: {Header(name, 'utf-8').encode()} <{sender}>",
        f"To: {DESK}",
        f"Cc: {dice.choice(COUNSELORS)}",
        f"Reply-To: {sender}",
        f"Organization: {Header('佐藤相談室', 'utf-8').encode()}",
        f"Disposition-Notification-To: {sender}",
        f"Message-ID: <{dice.randrange(10**9)}.{sender.partition('@')[0]}@lavender-pc.house.example>",
        f"Date: {at:%a, %d %b %Y %H:%M:%S} {dice.choice(('-0500 (EST)', '+0545'))}",
        dice.choice(("User-Agent: Mutt/2.2.9", "X-Mailer: Microsoft Outlook 16.0", "User-Agent: Mozilla Thunderbird")),
        "X-Originating-IP: [192.0.2.44]",
        f"In-Reply-To: {notice.message_id}",
        f"References: {notice.message_id}",
        f"Subject: {Header('Re: ' + subject, 'utf-8').encode()}",
        "MIME-Version: 1.0",
    ]
    return b"\r\n".join(line.encode() for line in lines) + b"\r\n" + body(dice, text)


def out_of_office(sender: str, notice: Sent) -> bytes:
    return (
        f"From: {sender}\r\nTo: {DESK}\r\nAuto-Submitted: auto-replied\r\nIn-Reply-To: {notice.message_id}\r\n"
        f"Subject: Out of office\r\nMessage-ID: <ooo{id(notice)}@lavender-pc.house.example>\r\n\r\n"
        "hsato.k1 is away until Monday.\r\n"
    ).encode()


# -- the play ----------------------------------------------------------------------------------------------------------


def play(folder: Path, seed: int, acts: int) -> list[Sent]:
    """All mails of one consultation season."""
    (folder / "config.toml").write_text(CONFIG)
    (folder / "terms.txt").write_text("相談は無料です。\n")
    dice = random.Random(seed)
    now = datetime(2026, 1, 5, 9, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
    stage = stage_of(folder, now)
    sent: list[Sent] = []
    try:
        for number in range(acts):
            now += dice.choice((timedelta(minutes=7), timedelta(hours=5), timedelta(days=1), timedelta(days=4)))
            step = act(dice, number, now, sent)
            sent += stage.play(step).sent
        sent += stage.play(Step(acts, now + timedelta(days=40))).sent
    finally:
        stage.close()
    return sent


def stage_of(folder: Path, now: datetime) -> Stage:
    from dataclasses import replace

    config = load(folder / "config.toml")
    maild = replace(
        config.maild, data_dir=folder, database=f"sqlite:///{folder}/m.db", key_file=folder / "k", key_create=True
    )
    return Stage(replace(config, maild=maild), now)


def act(dice: random.Random, number: int, now: datetime, sent: list[Sent]) -> Step:
    notices = [one for one in sent if one.audience == "counselor" and one.case is not None]
    what = dice.choice(
        ("client", "client", "counselor", "counselor", "counselor", "attachment", "bounce", "stranger", "away")
    )
    address, name = dice.choice(CLIENTS)
    last = next((one for one in reversed(sent) if one.to.lower() == address.lower() and one.audience == "client"), None)
    if what == "bounce" and any(one.audience == "client" for one in sent):
        return Step(number, now, bounce=dice.choice(("5.1.1", "4.2.2", "5.2.2")))
    if what == "attachment":
        text = client_text(dice, address, name, first=last is None)
        attached = (Attachment(f"{name}.jpg", "image/jpeg", 900),)
        return Step(number, now, {"from": address, "text": text, "attach": attached, "answers": "last", "headers": {}})
    if what == "counselor" and notices:
        sender, notice = dice.choice(COUNSELORS), dice.choice(notices[-12:])
        return Step(number, now, {"from": sender, "raw": counselor_mail(dice, sender, now, notice)})
    if what == "away" and notices:
        return Step(number, now, {"from": COUNSELORS[0], "raw": out_of_office(COUNSELORS[0], notices[-1])})
    if what == "stranger" and last is not None:
        raw = client_mail(dice, STRANGER, "家族", now, None, claims=last)
        return Step(number, now, {"from": STRANGER, "raw": raw})
    return Step(number, now, {"from": address, "raw": client_mail(dice, address, name, now, last)})


# -- the search --------------------------------------------------------------------------------------------------------


def readings(data: bytes) -> Iterator[str]:
    """One mail in every way it can be read: raw, headers decoded, body decoded, and those unescaped."""
    message = message_from_bytes(data)
    found = [data.decode("utf-8", "replace")]
    for name, value in message.items():
        parts = decode_header(str(value))
        found.append(
            f"{name}: " + "".join(p.decode(c or "utf-8", "replace") if isinstance(p, bytes) else p for p, c in parts)
        )
    found += [text_of(part) for part in message.walk() if not part.is_multipart()]
    for text in found:
        for way in (text, unquote(text), unescape(text), quopri.decodestring(text.encode()).decode("utf-8", "replace")):
            yield unicodedata.normalize("NFKC", way).lower()
            yield re.sub(r"[\s>]", "", unicodedata.normalize("NFKC", way).lower())


def text_of(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode(part.get_content_charset() or "utf-8", "replace") if isinstance(payload, bytes) else ""


def stands_in(data: bytes, secrets: Callable[[str], list[str]]) -> list[str]:
    return sorted({secret for text in readings(data) for secret in secrets(text)})


def of_counselors(text: str) -> list[str]:
    return [secret for secret in OF_COUNSELORS if secret.lower() in text]


def of_clients(text: str) -> list[str]:
    return [secret for secret in OF_CLIENTS if secret in text]


@pytest.mark.parametrize("seed", range(3))
def test_p2_p1a_nothing_crosses(tmp_path: Path, seed: int) -> None:
    sent = play(tmp_path, seed, 80)
    to_clients = [one for one in sent if one.audience == "client"]
    to_staff = [one for one in sent if one.audience != "client"]
    kinds = {one.template for one in sent}
    assert {"ack", "reply", "notice", "reply_held", "command_result", "delivered"} <= kinds, kinds
    for one in to_clients:
        if one.to.lower() == STRANGER:
            continue
        assert stands_in(one.data, of_counselors) == [], (one.template, one.data.decode())
    for one in to_staff:
        assert stands_in(one.data, of_clients) == [], (one.template, one.to, one.data.decode())


def test_p1a_the_search_itself_finds_what_is_hidden() -> None:
    text = "担当は佐藤です。yamada.taro77@docomo.example"
    for body_bytes in (
        b"Content-Transfer-Encoding: base64\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        + base64.encodebytes(text.encode()),
        b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" + text.encode("iso-2022-jp"),
        b"Subject: " + Header(text, "utf-8").encode().encode() + b"\r\n\r\nx",
        b"\r\n" + quopri.encodestring(text.encode()),
    ):
        assert stands_in(body_bytes, of_counselors) == ["佐藤"]
        assert stands_in(body_bytes, lambda read: ["x"] if "yamada.taro77" in read else []) == ["x"]
