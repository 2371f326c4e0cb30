"""Raw replies as real mail programs write them: attribution, quote marks, HTML structure, encoding.

A case names a program and what the counselor typed. «Q» is the whole notice as that program quotes it, «Q a…b» the
lines of it from the one that holds a to the one that holds b, «N» the same without any mark. Without «Q» the reply
stands above the quote.
"""

from __future__ import annotations

import base64
import html
import quopri
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.header import Header

DESK = "メール相談窓口"
ADDRESS = "soudan@desk.example"
INBOX = "counselors@desk.example"
ME = "佐藤花子"
MINE = "sato@desk.example"

_WIDE = re.compile("[\u3000-\u9fff\uff00-\uffef]")


@dataclass(frozen=True, slots=True)
class Notice:
    """The mail that is answered."""

    text: str
    subject: str
    message_id: str
    references: str = ""


def _fold_flowed(text: str, width: int = 72, *, delsp: bool) -> str:
    """format=flowed as programs wrap it: a line that goes on ends in a blank; with DelSp that blank is no text."""
    out: list[str] = []
    for line in text.split("\n"):
        sign = re.match(r"(?:> ?)*", line)
        mark = sign[0] if sign else ""
        rest = line[len(mark) :]
        if rest.startswith((" ", "From ")) and not mark:
            rest = " " + rest
        if rest.strip() == "--":
            out.append(mark + rest)
            continue
        rest = rest.rstrip(" ") if not delsp else rest
        while sum(2 if _WIDE.match(c) else 1 for c in rest) > width:
            cut, size = 0, 0
            while size < width - 2:
                size += 2 if _WIDE.match(rest[cut]) else 1
                cut += 1
            if not delsp:
                blank = rest.rfind(" ", 1, cut)
                if blank < 1:
                    break
                out.append(mark + rest[: blank + 1])
                rest = rest[blank + 1 :]
            else:
                out.append(mark + rest[:cut] + " ")
                rest = rest[cut:]
        out.append(mark + rest)
    return "\n".join(out)


def _encoded(text: str, how: str) -> tuple[str, bytes]:
    """(header lines, body) of a text part."""
    text = text.replace("\n", "\r\n")
    if how == "jis":
        return "charset=ISO-2022-JP\r\nContent-Transfer-Encoding: 7bit", text.encode("iso-2022-jp", "replace")
    if how == "sjis":
        body = base64.encodebytes(text.encode("cp932", "replace")).replace(b"\n", b"\r\n")
        return "charset=Shift_JIS\r\nContent-Transfer-Encoding: base64", body
    if how == "qp":
        body = quopri.encodestring(text.encode(), quotetabs=False)
        body = re.sub(rb"\r*\n", b"\r\n", body)
        return "charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable", body
    if how == "b64":
        body = base64.encodebytes(text.encode()).replace(b"\n", b"\r\n")
        return 'charset="UTF-8"\r\nContent-Transfer-Encoding: base64', body
    return "charset=UTF-8\r\nContent-Transfer-Encoding: 8bit", text.encode()


def _words(text: str, charset: str) -> str:
    return Header(text, charset, maxlinelen=70).encode(linesep="\r\n")


def _heads(notice: Notice, case: dict[str, str], agent: str, charset: str) -> bytes:
    subject = case.get("subject", "Re: " + notice.subject)
    references = f"{notice.references} {notice.message_id}".strip() if case.get("references", "full") == "full" else ""
    lines = [
        f"From: {_words(ME, charset)} <{MINE}>",
        f"To: {_words(DESK, charset)} <{ADDRESS}>",
        f"Subject: {_words(subject, charset)}",
        "Date: Mon, 5 Jan 2026 18:12:00 +0900",
        f"Message-ID: <{case['id']}@client.desk.example>",
        f"In-Reply-To: {notice.message_id}",
        *([f"References: {references}"] if references else []),
        *([f"X-Mailer: {agent}"] if agent else []),
        "MIME-Version: 1.0",
    ]
    return "\r\n".join(lines).encode() + b"\r\n"


def _plain(notice: Notice, case: dict[str, str], text: str, agent: str, how: str, more: str = "") -> bytes:
    head, body = _encoded(text, how)
    charset = {"jis": "iso-2022-jp", "sjis": "iso-2022-jp"}.get(how, "utf-8")
    return _heads(notice, case, agent, charset) + f"Content-Type: text/plain; {more}{head}\r\n\r\n".encode() + body


def _both(
    notice: Notice, case: dict[str, str], text: str | None, markup: str, agent: str, how: str, style: str = ""
) -> bytes:
    charset = "iso-2022-jp" if how == "jis" else "utf-8"
    heads = _heads(notice, case, agent, charset)
    head, body = _encoded(f"<html><head>{style}</head><body>{markup}</body></html>", how)
    page = f"Content-Type: text/html; {head}\r\n\r\n".encode() + body
    if text is None:
        return heads + page
    head, body = _encoded(text, how)
    first = f"Content-Type: text/plain; {head}\r\n\r\n".encode() + body
    edge = f"=_{case['id']}"
    return (
        heads
        + f'Content-Type: multipart/alternative; boundary="{edge}"\r\n\r\n'.encode()
        + b"".join(f"--{edge}\r\n".encode() + part + b"\r\n" for part in (first, page))
        + f"--{edge}--\r\n".encode()
    )


# -- what was typed, with the quote put in its place ---------------------------------------------------------------


def _lines_of(notice: Notice, token: str) -> list[str]:
    lines = notice.text.rstrip("\n").split("\n")
    span = token[1:].strip("» ")
    if not span:
        return lines
    first, _, last = span.partition("…")
    start = next(n for n, line in enumerate(lines) if first in line)
    end = next(n for n, line in enumerate(lines) if n >= start and (last or first) in line)
    return lines[start : end + 1]


_TOKEN = re.compile(r"^«([QN][^»]*)»$")


def _parts(notice: Notice, text: str) -> list[tuple[str, list[str]]]:
    """The typed text as (kind, lines): typed, quoted (Q), or standing there without a mark (N)."""
    parts: list[tuple[str, list[str]]] = []
    for line in text.rstrip("\n").split("\n"):
        token = _TOKEN.match(line)
        if token:
            parts.append((token[1][0], _lines_of(notice, token[1])))
        elif parts and parts[-1][0] == "T":
            parts[-1][1].append(line)
        else:
            parts.append(("T", [line]))
    return parts


def _has_quote(parts: Sequence[tuple[str, list[str]]]) -> bool:
    return any(kind != "T" for kind, _ in parts)


def _as_text(
    notice: Notice, case: dict[str, str], attribution: str, sign: str, above: str = "", below: str = ""
) -> str:
    """The whole mail as text: ``above`` stands before the quote (an app's own line), ``below`` after it."""
    parts = _parts(notice, case["text"])
    if not _has_quote(parts):
        quote = "none" if case.get("quote") == "none" else ""
        parts = [*parts] if quote else [*parts, ("T", [""]), ("Q", _lines_of(notice, "Q"))]
        if above:
            parts.insert(1, ("T", ["", *above.split("\n")]))
    elif above:
        parts.append(("T", ["", *above.split("\n")]))
    out: list[str] = []
    said = False
    for kind, lines in parts:
        if kind == "T":
            out += lines
            continue
        if not said and attribution:
            out += attribution.split("\n")
        said = True
        if kind == "Q":
            for line in lines:
                tight = line.startswith(">") and sign == "> "
                out.append((sign.strip() if tight or not line else sign) + line)
        else:
            out += lines
    if below:
        out += ["", *below.split("\n")]
    return "\n".join(out) + "\n"


def _as_html(
    notice: Notice,
    case: dict[str, str],
    line: Callable[[str], str],
    before: str,
    after: str,
    quoted: Callable[[str], str],
    above: str = "",
    joined: Callable[[list[str]], str] | None = None,
) -> str:
    """The same as HTML: ``line`` wraps a typed line, ``before``/``after`` enclose the quote."""
    parts = _parts(notice, case["text"])
    if not _has_quote(parts):
        parts = parts if case.get("quote") == "none" else [*parts, ("Q", _lines_of(notice, "Q"))]
    out: list[str] = []
    put = False
    for kind, lines in parts:
        if kind == "T":
            shown = [html.escape(one, quote=False) for one in lines]
            out.append(joined(shown) if joined else "".join(line(one) for one in shown))
        else:
            if above and not put:
                out.append(above)
            put = True
            out.append(before + "".join(quoted(html.escape(one, quote=False)) for one in lines) + after)
    if above and not put:
        out.append(above)
    return "".join(out)


def _div(text: str) -> str:
    return f"<div>{text or '<br>'}</div>"


def _br(text: str) -> str:
    return f"{text}<br>"


# -- programs ------------------------------------------------------------------------------------------------------

_JA = f"2026年1月5日(月) 9:00 {DESK} <{ADDRESS}>:"
_EN = f"On Mon, Jan 5, 2026 at 9:00 AM {DESK} <{ADDRESS}> wrote:"
_HEAD_JA = f"差出人: {DESK} <{ADDRESS}>\n送信日時: 2026年1月5日 9:00\n宛先: {INBOX} <{INBOX}>\n件名: %s"
_HEAD_EN = f"From: {DESK} <{ADDRESS}>\nSent: Monday, January 5, 2026 9:00 AM\nTo: {INBOX} <{INBOX}>\nSubject: %s"


def _text(
    attribution: str,
    sign: str = "> ",
    how: str = "8bit",
    agent: str = "",
    *,
    flowed: str = "",
    above: str = "",
    below: str = "",
) -> Callable[[Notice, dict[str, str]], bytes]:
    def build(notice: Notice, case: dict[str, str]) -> bytes:
        said = attribution.replace("%s", notice.subject)
        text = _as_text(notice, case, said, sign, case.get("app", above), case.get("below", below))
        more = ""
        if flowed:
            more = "format=flowed; " + ("delsp=yes; " if flowed == "delsp" else "")
            text = _fold_flowed(text, delsp=flowed == "delsp")
        return _plain(notice, case, text, agent, case.get("how", how), more)

    return build


def _gmail(attribution: str, *, only: bool = False, above: str = "") -> Callable[[Notice, dict[str, str]], bytes]:
    def build(notice: Notice, case: dict[str, str]) -> bytes:
        over = case.get("app", above)
        plain = _as_text(notice, case, "\n" + attribution + "\n", "> ", over)
        shown = html.escape(attribution, quote=False).replace(
            html.escape(f"<{ADDRESS}>", quote=False), f'&lt;<a href="mailto:{ADDRESS}">{ADDRESS}</a>&gt;'
        )
        before = (
            f'<br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">{shown}<br></div>'
            '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);'
            'padding-left:1ex">'
        )
        app = f"<div><br></div><div>{html.escape(over)}</div>" if over else ""
        page = _as_html(notice, case, _div, before, "</blockquote></div>", _br, app)
        return _both(notice, case, None if only else plain, f'<div dir="ltr">{page}</div>', "", "b64")

    return build


def _outlook_page(notice: Notice, case: dict[str, str], kind: str, head: str) -> str:
    fields = [one.partition(":") for one in (head % notice.subject).split("\n")]
    over = case.get("app", "")
    if kind == "classic":
        rows = "<br>".join(f"<b>{name}:</b>{html.escape(value, quote=False)}" for name, _, value in fields)
        before = (
            "<div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0mm 0mm 0mm'>"
            f"<p class=MsoNormal>{rows}<o:p></o:p></p></div></div><p class=MsoNormal><o:p>&nbsp;</o:p></p>"
        )
        page = _as_html(
            notice,
            case,
            lambda one: f"<p class=MsoNormal>{one or '<o:p>&nbsp;</o:p>'}<o:p></o:p></p>\r\n",
            before,
            "",
            lambda one: f"<p class=MsoNormal>{one or '&nbsp;'}<o:p></o:p></p>",
        )
        return f"<div class=WordSection1>{page}</div>"
    rows = "<br>\r\n".join(f"<b>{name}:</b>{html.escape(value, quote=False)}" for name, _, value in fields)
    rule = '<hr style="display:inline-block;width:98%" tabindex="-1">'
    if kind == "mobile":
        app = (
            '<div id="ms-outlook-mobile-signature"><div><br></div>'
            f"{over or '<a href=https://aka.ms/o0ukef>Outlook for iOS</a> を入手'}</div>"
        )
        rule = '<div id="mail-editor-reference-message-container">' + rule
    else:
        app = '<div id="appendonsend"></div>'
    before = (
        f'{rule}<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif" style="font-size:11pt" '
        f'color="#000000">{rows}</font><div>&nbsp;</div></div><div class="PlainText">'
    )
    typed = (
        (lambda one: f'<p style="margin-top:0;margin-bottom:0">{one or "<br>"}</p>')
        if kind == "owa"
        else (lambda one: f'<div class="elementToProof" style="font-size: 11pt">{one or "<br>"}</div>')
    )
    page = _as_html(notice, case, typed, before, "</div>", _br, app)
    if kind == "owa":
        page = page.replace('<div id="appendonsend">', '</div><div id="appendonsend">', 1)
        return f'<div id="divtagdefaultwrapper" style="font-size:12pt" dir="ltr">{page}'
    return page


def _outlook(kind: str, head: str, *, only: bool = False, how: str = "qp") -> Callable[[Notice, dict[str, str]], bytes]:
    def build(notice: Notice, case: dict[str, str]) -> bytes:
        said = head % notice.subject
        said = ("\n" if kind == "classic" else "________________________________\n") + said + "\n"
        over = case.get("app", "Outlook for iOS<https://aka.ms/o0ukef> を入手" if kind == "mobile" else "")
        plain = _as_text(notice, case, said, "", over)
        page = _outlook_page(notice, case, kind, head)
        style = '<style type="text/css" style="display:none;"> P {margin-top:0;margin-bottom:0;} </style>'
        return _both(notice, case, None if only else plain, page, "", case.get("how", how), style)

    return build


def _cite(
    attribution: str, before: str, after: str, *, only: bool = True, above: str = "", app: str = "", how: str = "qp"
) -> Callable[[Notice, dict[str, str]], bytes]:
    def build(notice: Notice, case: dict[str, str]) -> bytes:
        over = case.get("app", above)
        said = html.escape(attribution, quote=False)
        page = _as_html(
            notice, case, _div, before.replace("%a", said), after, _br, (app or "<div>%s</div>") % over if over else ""
        )
        plain = _as_text(notice, case, attribution + "\n", "> ", over)
        return _both(notice, case, None if only else plain, page, "", how)

    return build


_APPLE = f"2026/01/05 9:00、{DESK} <{ADDRESS}>のメール:"
_APPLE_NEW = f"2026年1月5日 9:00、{DESK} <{ADDRESS}>のメール:"
_APPLE_EN = f"On Jan 5, 2026, at 9:00, {DESK} <{ADDRESS}> wrote:"
_CITE = '<div><br><blockquote type="cite"><div>%a</div><br class="Apple-interchange-newline"><div><div>'

PROGRAMS: dict[str, Callable[[Notice, dict[str, str]], bytes]] = {
    "thunderbird": _text(f"On 2026/01/05 9:00, {DESK} wrote:", flowed="flowed"),
    "thunderbird_ja": _text(f"(2026/01/05 9:00), {DESK} wrote:", how="b64", flowed="flowed"),
    "thunderbird_said": _text(f"2026/01/05 9:00、{DESK} さんは書きました:"),
    "thunderbird_old": _text(f"{DESK} さんは書きました:", how="jis", flowed="delsp"),
    "thunderbird_html": _cite(
        f"On 2026/01/05 9:00, {DESK} wrote:",
        '<div class="moz-cite-prefix">%a<br></div><blockquote type="cite" cite="mid:1@desk.example">',
        "</blockquote>",
        only=False,
    ),
    "outlook_plain": _text("-----Original Message-----\n" + _HEAD_EN + "\n", "", "jis", "Microsoft Outlook 16.0"),
    "outlook_plain_ja": _text("-----元のメッセージ-----\n" + _HEAD_JA + "\n", "", "b64", "Microsoft Outlook 16.0"),
    "outlook_marked": _text("-----Original Message-----\n" + _HEAD_EN + "\n", "> ", "jis", "Microsoft Outlook 16.0"),
    "outlook_classic": _outlook("classic", _HEAD_EN),
    "outlook_classic_ja": _outlook("classic", _HEAD_JA, how="jis"),
    "outlook_new": _outlook("new", _HEAD_JA),
    "outlook_new_only": _outlook("new", _HEAD_JA, only=True),
    "owa": _outlook("owa", _HEAD_JA, only=True, how="b64"),
    "owa_en": _outlook("owa", _HEAD_EN),
    "outlook_ios": _outlook("mobile", _HEAD_JA, how="b64"),
    "outlook_android": _outlook("mobile", _HEAD_EN, only=True),
    "apple": _text(f"> {_APPLE}\n> ", how="qp", agent="Apple Mail (2.3826)", flowed="flowed"),
    "apple_new": _text(f"> {_APPLE_NEW}\n> ", how="b64", flowed="delsp"),
    "apple_html": _cite(_APPLE, _CITE, "</div></div></blockquote></div><br>", only=False),
    "iphone": _text(f"> {_APPLE}\n> ", how="b64", agent="iPhone Mail (21A340)", above="iPhoneから送信\n"),
    "iphone_html": _cite(
        _APPLE_NEW,
        '<div dir="ltr"><br><blockquote type="cite">%a<br><br></blockquote></div><blockquote type="cite">'
        '<div dir="ltr">\ufeff',
        "</div></blockquote>",
        above="iPhoneから送信",
        app='<br id="lineBreakAtBeginningOfSignature"><div dir="ltr">%s</div>',
    ),
    "ipad_en": _text(f"> {_APPLE_EN}\n> ", how="qp", above="Sent from my iPad\n"),
    "gmail": _gmail(_JA),
    "gmail_only": _gmail(_JA, only=True),
    "gmail_en": _gmail(f"On Mon, Jan 5, 2026 at 9:00\u202fAM {DESK} <{ADDRESS}> wrote:"),
    "gmail_folded": _gmail(f"On Mon, Jan 5, 2026 at 9:00 AM {DESK} <\n{ADDRESS}> wrote:"),
    "gmail_app": _gmail(_JA),
    "yahoo": _text(
        f"----- Original Message -----\nFrom: {DESK} <{ADDRESS}>\nTo: {INBOX}\nDate: 2026/1/5, Mon 09:00\n"
        "Subject: %s\n",
        "",
        "jis",
        "YahooMailWebService/1.1",
    ),
    "yahoo_new": _text(_JA + "\n", "> ", "b64"),
    "yahoo_app": _text(_JA + "\n", "> ", "b64", above="Yahoo!メールアプリから送信"),
    "yahoo_html": _cite(
        f"On Monday, January 5, 2026 at 09:00:00 AM GMT+9, {DESK} <{ADDRESS}> wrote:",
        '<div id="yahoo_quoted_1234" class="yahoo_quoted"><div style="font-size:13px;color:#26282a;">'
        "<div>%a</div><div><br></div><div><br></div><div>",
        "</div></div></div>",
        only=False,
    ),
    "becky": _text(
        f"On Mon, 5 Jan 2026 09:00:00 +0900\n{DESK} <{ADDRESS}> wrote:\n", "> ", "jis", "Becky! ver. 2.81.06 [ja]"
    ),
    "shuriken": _text(f"{DESK} さんは書きました: (2026/01/05 09:00)\n", ">", "jis", "JsvMail 12.0.2 (Shuriken 2018)"),
    "sylpheed": _text(f"On Mon, 5 Jan 2026 09:00:00 +0900\n{DESK} <{ADDRESS}> wrote:\n", "> ", "jis", "Sylpheed 3.7.0"),
    "mutt": _text(f"On Mon, Jan 05, 2026 at 09:00:00AM +0900, {DESK} wrote:", "> ", "8bit"),
    "proton": _cite(
        f"2026年1月5日月曜日 9:00 {DESK} <{ADDRESS}> さんは書きました:",
        '<div class="protonmail_quote">%a<br><blockquote class="protonmail_quote" type="cite">',
        "</blockquote><br></div>",
        above="Proton Mail で送信",
        app='<div><br></div><div class="protonmail_signature_block"><div class="protonmail_signature_block-user '
        'protonmail_signature_block-empty"></div><div class="protonmail_signature_block-proton">%s</div></div>',
    ),
    "proton_plain": _text(
        f"On Monday, January 5th, 2026 at 9:00 AM, {DESK} <{ADDRESS}> wrote:\n",
        "> ",
        "b64",
        above="Sent with Proton Mail secure email.\n",
    ),
    "spark": _cite(
        f"2026年1月5日 9:00 +0900、{DESK} <{ADDRESS}> のメール:",
        '<div name="messageReplySection">%a<br><blockquote type="cite" style="border-left-color: grey;" '
        'class="spark_quote">',
        "</blockquote></div>",
        above="Spark から送信",
        app='<div name="messageSignatureSection"><br>%s</div>',
    ),
    "docomo": _text(f"---- 元のメール ----\nFrom: {DESK} <{ADDRESS}>\nDate: 2026/01/05 09:00\nSub: %s\n", ">", "jis"),
    "docomo_sjis": _text(
        f"------元のメッセージ------\n差出人：{ADDRESS}\n受信日時：2026/01/05 09:00\n件名：%s\n", "", "sjis"
    ),
    "au": _text(f"> From: {ADDRESS}\n> Sent: 2026/01/05 09:00\n> To: {INBOX}\n> Subject: %s\n>", "> ", "jis"),
    "softbank": _text(
        f"-----Original Message-----\nFrom: {ADDRESS}\nDate: 2026/01/05 09:00\nSubject: %s\n", "> ", "b64"
    ),
    "livemail": _text(
        f"-----Original Message----- \nFrom: {DESK} \nSent: Monday, January 05, 2026 9:00 AM \nTo: {INBOX} \n"
        "Subject: %s \n",
        "",
        "jis",
        "Microsoft Windows Live Mail 16.4",
    ),
    "roundcube": _text(
        f"2026-01-05 09:00 に {DESK} さんは書きました:", "> ", "8bit", "Roundcube Webmail", flowed="flowed"
    ),
    "k9": _text(f'2026年1月5日 9:00:00 JST、"{DESK}" <{ADDRESS}> のメール:', ">", "b64"),
    "samsung": _text(
        f"-------- 元のメッセージ --------\n差出人: {DESK} <{ADDRESS}>\n日付: 2026/1/5 9:00 (GMT+09:00)\n"
        f"宛先: {INBOX}\n件名: %s\n",
        "",
        "b64",
        above="Galaxyから送信",
    ),
    "activemail": _text(f"{DESK} <{ADDRESS}> wrote on 2026/01/05 9:00:", ">", "jis", "Active! mail"),
    "emclient": _text(
        f'------ Original Message ------\nFrom "{DESK}" <{ADDRESS}>\nTo {INBOX}\nDate 2026/01/05 9:00:00\nSubject %s\n',
        ">",
        "b64",
    ),
    "garoon": _text(f"-------- Original Message --------\nFrom : {ADDRESS}\nSubject: %s\n", "> ", "jis"),
    "bare": _text("", "> ", "8bit"),
    # -- written for the second set, after the first mending
    "gmail_old": _gmail(f"2026年1月5日 9:00 {DESK} <{ADDRESS}>:"),
    "airmail": _text(f"2026年1月5日 at 9:00:00, {DESK} ({ADDRESS}) wrote:\n", "> ", "qp", "Airmail (651)"),
    "hotmail_old": _text(
        f"> Date: Mon, 5 Jan 2026 09:00:00 +0900\n> From: {ADDRESS}\n> To: {INBOX}\n> Subject: %s\n> ", "> ", "b64"
    ),
    "gnus": _text(f"In message <x@desk.example>\n\t{DESK} <{ADDRESS}> writes:\n", "> ", "jis"),
    "evolution": _text(f"2026-01-05 (月) の 09:00 +0900 に {DESK} さんは書きました:", "> ", "8bit", "Evolution 3.46"),
    "kmail": _text(f"2026年1月5日月曜日 9時00分00秒 JST に {DESK} さんは書きました:", "> ", "8bit", "KMail"),
    "zimbra": _text(
        f'----- 元のメッセージ -----\n差出人: "{DESK}" <{ADDRESS}>\n宛先: {INBOX}\n'
        "送信済み: 2026年1月5日, 月曜日 9:00:00\n"
        "件名: %s\n",
        "",
        "b64",
        "Zimbra 8.8",
    ),
    "winmail": _text(
        _HEAD_JA.replace("送信日時: 2026年1月5日 9:00", "送信日時: 2026年1月5日月曜日 9:00") + "\n", "", "b64"
    ),
    "ymobile": _text(
        f"-----元のメッセージ-----\nFrom：{ADDRESS}\n送信日：2026/01/05 09:00\n件名：%s\n",
        "",
        "sjis",
        above="ワイモバイルから送信",
    ),
    "webmail": _text(f"{DESK} <{ADDRESS}> さんの発言:\n", "> ", "jis", "goo mail"),
    "cybozu": _text(f"2026/01/05 9:00、{DESK}さんは書きました:", "> ", "b64", "Cybozu Office"),
    "desknets": _text(
        f"---------- 元のメッセージ ----------\n差出人 : {DESK} <{ADDRESS}>\n送信日 : 2026/01/05 09:00\n"
        f"宛　先 : {INBOX}\n件　名 : %s\n",
        "> ",
        "jis",
    ),
    "hidemaru": _text(f"Mon, 05 Jan 2026 09:00:00 +0900 に\n{DESK} さん wrote:\n", "> ", "jis", "HidemaruMail 7"),
    "eudora": _text(f"At 09:00 +0900 26.1.5, {DESK} wrote:", ">", "jis", "QUALCOMM Windows Eudora"),
    "pipes": _text(f"{DESK} <{ADDRESS}> さんは 2026/01/05 9:00 に書きました:\n", "| ", "jis"),
    "icloud": _cite(
        _APPLE_NEW, '<div><br></div><div>%a<br><blockquote type="cite"><div>', "</div></blockquote></div>", only=False
    ),
    "outlook_classic_only": _outlook("classic", _HEAD_JA, only=True),
    "outlook_mac": _cite(
        f"差出人: {DESK} <{ADDRESS}>",
        '<div style="border:none;border-top:solid #B5C4DF 1.0pt"><p class="MsoNormal"><b>%a</b><br><b>日付: </b>'
        f"2026年1月5日 月曜日 9:00<br><b>宛先: </b>{INBOX}<br><b>件名: </b>相談</p></div><div>",
        "</div>",
    ),
    "gmail_inline": _gmail(_JA, only=True),
    "nine": _cite(
        f"{DESK} <{ADDRESS}> さんが2026年1月5日 9:00に書きました:",
        '<div class="quote" style="line-height:1.5"><br>-------- 元のメッセージ --------<br>%a<br>'
        '<blockquote class="quote" '
        'style="margin:0 0 0 .8ex;border-left:1px #ccc solid;padding-left:1ex">',
        "</blockquote></div>",
    ),
    "aqua": _text(f"2026年1月5日 9:00:00 JST に、{DESK} <{ADDRESS}> は書きました:\n", "> ", "b64"),
}


def build(program: str, notice: Notice, case: dict[str, str]) -> bytes:
    """One raw reply."""
    return PROGRAMS[program](notice, case)
