"""The load: Japanese mails of about 3 kB, the same ones for every server and at every run."""

from __future__ import annotations

import base64
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

SIZE = 3_000  # bytes of a mail, its header included
WARM = 320  # mails before a load
DESK = "soudan@soudan.example"
_CONTINUED = 2  # every second mail continues a consultation
_QUOTING = 4  # every fourth of those quotes what it answers

_SENTENCES = (
    "最近、朝起きるのがつらくて、仕事に行く支度に時間がかかります。",
    "上司には相談しましたが、忙しいと言われて話が進みませんでした。",
    "家族とは仲がよいのですが、仕事の話はあまりしません。",
    "先月から新しい部署に移り、覚えることが多くて戸惑っています。",
    "休みの日は何もする気になれず、夕方まで部屋にいることが増えました。",
    "友人に誘われても、断ってしまうことが多くなりました。",
    "資格の勉強を始めましたが、集中が続かず、ページが進みません。",
    "このまま続けるべきか、別の道を探すべきか、迷っています。",
    "以前は楽しかった料理も、今は簡単なもので済ませています。",
    "同じような経験をした人が、どう乗り越えたのか知りたいです。",
    "夜は十一時ごろ布団に入りますが、二時を過ぎても眠れない日があります。",
    "電車の中で急に不安になり、途中の駅で降りたこともありました。",
    "会社の健康診断では、特に悪いところはないと言われました。",
    "お金のことも気になり、毎月の支払いを考えると落ち着きません。",
    "どこから手をつければよいのか、考えをまとめたいと思っています。",
)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as the load sends it."""

    sender: str = field(repr=False)
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Thread:
    """A consultation that is open before the load begins: whose, and the reply of ours that they now answer."""

    client: str = field(repr=False)
    message_id: str
    reply: str = field(repr=False)


def warm_up() -> list[Mail]:
    """What goes before the load, to every server: a daemon runs for months, its first mails are not what counts."""
    return [first(number, prefix="warm") for number in range(WARM)]


def load(count: int, threads: Sequence[Thread]) -> list[Mail]:
    """``count`` mails: first mails of new clients and, while ``threads`` last, the next turns of known ones."""
    waiting = list(reversed(threads))
    found = []
    for number in range(count):
        if number % _CONTINUED and waiting:
            found.append(following(number, waiting.pop()))
        else:
            found.append(first(number))
    return found


def first(number: int, *, prefix: str = "load", size: int = SIZE) -> Mail:
    """A new client's mail with everything that a desk asks for."""
    dice = random.Random(f"{prefix}{number}")
    sender = f"{prefix}.{number}@phone.example"
    intake = f"名前：花子{number}\n性別：女性\n年齢：{20 + number % 50}歳\n地域：県内\n"
    intake += "相談内容：仕事を続けられるか不安です。\n\n"
    return _mail(dice, number, sender, "はじめて相談します", intake, size, ())


def following(number: int, thread: Thread) -> Mail:
    """A known client answers the reply of the desk."""
    dice = random.Random(f"next{number}")
    quote = ""
    if number // _CONTINUED % _QUOTING == 0:
        quote = "\n2026年1月5日(月) 9:05 メール相談窓口 <" + DESK + ">:\n"
        quote += "".join(f"> {line}\n" for line in thread.reply.splitlines()[:12])
    headers = (f"In-Reply-To: {thread.message_id}", f"References: {thread.message_id}")
    return _mail(
        dice, number, thread.client, "Re: ご相談について", "お返事ありがとうございました。\n\n", SIZE, headers, quote
    )


def answer(number: int, counselor: str, message_id: str, text: str) -> Mail:
    """A counselor answers a notice; for building what is there before the load."""
    lines = (
        f"From: {counselor}", f"To: {DESK}", "Subject: Re: notice", "Date: Mon, 05 Jan 2026 10:00:00 +0900",
        f"Message-ID: <answer.{number}@staff.example>", f"In-Reply-To: {message_id}", f"References: {message_id}",
        "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit",
    )  # fmt: skip
    return Mail(counselor, "\r\n".join(lines).encode() + b"\r\n\r\n" + text.replace("\n", "\r\n").encode())


def _mail(
    dice: random.Random, number: int, sender: str, subject: str, opening: str, size: int, headers: Sequence[str],
    quote: str = "",
) -> Mail:  # fmt: skip
    """Half ISO-2022-JP as phones send it, a quarter UTF-8 in base64, a quarter as it is."""
    charset, encoding = (("iso-2022-jp", "7bit"), ("utf-8", "base64"), ("iso-2022-jp", "7bit"), ("utf-8", "8bit"))[
        number // 2 % 4
    ]
    word = base64.b64encode(subject.encode(charset)).decode()
    name = base64.b64encode("花子".encode(charset)).decode()
    lines = [
        "Received: from phone.example (phone.example [192.0.2.7]) by mx.soudan.example (Postfix) with ESMTPS id 4F"
        f"{number:08x}",
        "\tfor <soudan@soudan.example>; Mon,  5 Jan 2026 09:00:00 +0900 (JST)",
        "Authentication-Results: mx.soudan.example; spf=pass smtp.mailfrom=phone.example; dkim=pass"
        " header.d=phone.example;",
        "\tdmarc=pass header.from=phone.example",
        f"From: =?{charset}?B?{name}?= <{sender}>",
        f"To: {DESK}",
        f"Subject: =?{charset}?B?{word}?=",
        "Date: Mon, 05 Jan 2026 09:00:00 +0900",
        f"Message-ID: <{dice.getrandbits(96):024x}@phone.example>",
        *headers,
        "MIME-Version: 1.0",
        f"Content-Type: text/plain; charset={charset}",
        f"Content-Transfer-Encoding: {encoding}",
        "X-Mailer: Phone Mail 16A404",
    ]
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"
    text = opening
    while len(head) + len(_encoded(text + quote, charset, encoding)) < size:
        text += dice.choice(_SENTENCES) + dice.choice(("\n", "\n", "\n\n"))
    return Mail(sender, head + _encoded(text + quote, charset, encoding))


def _encoded(text: str, charset: str, encoding: str) -> bytes:
    raw = text.replace("\n", "\r\n").encode(charset)
    return base64.encodebytes(raw).replace(b"\n", b"\r\n") if encoding == "base64" else raw
