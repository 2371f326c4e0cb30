"""What mail programs put around a quote, recognised line by line: prefixes, attributions, separators, header blocks.

Nothing here decides whose words a line holds; :mod:`maild.mail.quotes` and the desk do. Every pattern is anchored and
bounded, and only lines of at most ``MAX_MARK`` characters are looked at, so a flood costs linear time.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from maild.mail.charmap import NARROW

MAX_MARK = 300  # characters of a line that a program may have written around a quote
_WRAPPED = 3  # lines over which an attribution may have been folded
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\x00]")
_LINKED = re.compile(r"<(?:mailto:|tel:|https?://)[^<>\s]{1,500}>")  # Outlook prints the target behind each link
_PREFIX = re.compile(r"(?:[ \t\u3000\u00a0]{0,4}[>＞》|｜])+[ \u3000\u00a0]?")
# What a line with a prefix can begin with: its signs, the blanks before them, and what nobody sees.
_BEFORE_PREFIX = frozenset(
    "\t \u00a0\u3000>＞》|｜\x00\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff"
)
_PREFIX_FOLDED = re.compile(r"(?:\s{0,4}[>|》])+")
# >_< and its kin, >>1 as on message boards, a lone arrow head: people draw these, programs do not
_DRAWN = re.compile(r"[>＞]\s?[^\s>＞<＜]{0,4}[<＜](?!https?:|mailto:)|[>＞]{2,3}\d|[>＞]+[!！?？ー〜～…。、]")
_TABLE = re.compile(r"[|｜].*[|｜]\s*$")
_NAMED = re.compile(r"([^\s<>＜＞|@:/「」、。]{1,10})[>＞][ \u3000]?\S")
_DATE = (
    r"\d{2,4}\s?[年/.\-]\s?\d{1,2}\s?[月/.\-]\s?\d{1,2}"
    r"|\d{1,2}\.?\s[A-Z][a-z]{2,8}\.?,?\s\d{4}|[A-Z][a-z]{2,8}\.?\s\d{1,2},\s\d{4}"
)
_HAS_DATE = re.compile(_DATE)
_HAS_TIME = re.compile(r"\d{1,2}\s?[:時]\s?\d{2}")
_ADDRESS = re.compile(r"[^\s<>\"',;:()\[\]、。「」:]{1,100}@[^\s<>\"',;:()\[\]、。「」]{1,200}")
_WROTE = re.compile(r"\b(?:wrote|writes|schrieb|écrit)(?:\s*\([^()]{6,40}\))?\s*:?\s*$", re.IGNORECASE)
_SAID = re.compile(
    r"(?:の(?:メール|メッセージ|お便り)|からの(?:メール|メッセージ)|(?:は|が)(?:書きました|書いた|送信しました)"
    r"|(?:は|が)書かれました|\bwrote|\bwrites)\s*[:;]?$",
    re.IGNORECASE,
)
_WROTE_RULED = re.compile(r"-{2,}.{3,200}\bwrote\b\s*:?\s*-{2,}:?$", re.IGNORECASE)
_IN_MESSAGE = re.compile(r"In (?:message|article|your message|mail)\b", re.IGNORECASE)
_ORIGINAL = re.compile(
    r"(?:[-=_*・─━―]{2,}|>)?\s*(?:original message|original mail|original e-mail|reply message|元のメッセージ"
    r"|元のメール|元メール|オリジナルメッセージ|オリジナルメール|返信元メール|受信メール|前のメール|引用元?|以下引用)\s*"
    r"(?:[-=_*・─━―]{2,})?:?$",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"(?:[-=_*─━]{2,}\s*)?(?:begin forwarded message|forwarded (?:message|mail)(?: (?:from|by) .{1,80})?"
    r"|転送(?:された)?(?:メッセージ|メール)"
    r"|ここから転送(?:メッセージ|メール)?|transferred message)\s*(?:[-=_*─━]{2,})?:?$",
    re.IGNORECASE,
)
_RULED = re.compile(r"(?:[-=_*・─━―]\s?){2,}")
_UNDERLINE = re.compile(r"[_\-*─━―]{5,}$")
_HEADER = re.compile(r"[*_ ]{0,3}([A-Za-z\-]{2,12}|[一-鿿ァ-ヶー]{2,6})[*_ ]{0,3}\s{0,20}:[*_]{0,2}\s*(.*)$")
_HEADER_BARE = re.compile(r"(From|To|Cc|Date|Sent|Subject) {1,20}(\S.*)$")  # eM Client, below its separator alone
HeaderName = Literal["from", "date", "to", "cc", "subject", "other"]
_LABELS: dict[str, HeaderName] = {
    **dict.fromkeys(("from", "差出人", "送信者", "送信元", "発信者", "sender"), "from"),
    **dict.fromkeys(("sent", "date", "送信日時", "日時", "送信日", "日付", "受信日時", "送信時刻"), "date"),
    **dict.fromkeys(("to", "宛先", "送信先", "受信者", "宛て先"), "to"),
    **dict.fromkeys(("cc", "bcc"), "cc"),
    **dict.fromkeys(("subject", "件名", "題名", "タイトル", "表題"), "subject"),
    **dict.fromkeys(("reply-to", "返信先", "importance", "重要度", "添付", "添付ファイル", "attachments"), "other"),
}
_REPLY_SUBJECT = re.compile(
    r"(?:\[[^\]]{1,60}\]\s*)?(?:re(?:\s?\^?\d{1,3}|\[\d{1,3}\])?|aw|sv|返信|返)\s*[:>]", re.IGNORECASE
)
_FORWARD_SUBJECT = re.compile(r"(?:\[[^\]]{1,60}\]\s*)?(?:fwd?|転送|tr|wg)\s*[:>]", re.IGNORECASE)
_SUBJECT_PREFIX = re.compile(
    r"\s*(?:(?:re|fwd?|aw|sv|返信|転送)(?:\s?\^?\d{1,3}|\[\d{1,3}\])?|返)\s*[:>]\s*", re.IGNORECASE
)

# Only the set phrases of programs: 「夫のスマホから送信しています」 is a sentence that a person wrote.
_DEVICE = (
    r"(?:iphone|ipad|ipod(?: touch)?|android|galaxy|xperia|aquos|pixel|arrows|huawei|apple watch)[a-z0-9 ._\-()]{0,30}"
    r"|(?:android|windows)[0-9 ]{0,4}(?:版|用)?の? ?(?:outlook|メール|スマートフォン|端末)"
    r"|スマートフォン|スマホ|携帯電話|タブレット|らくらく(?:ホン|スマートフォン)"
    r"|(?:ドコモ|docomo ?|au ?|softbank ?|楽天|ソフトバンク ?)(?:メール|スマホ|スマートフォン)?(?:アプリ)?"
    r"|(?:gmail|outlook|hotmail|yahoo!?(?: ?japan)?)(?: ?メール| for (?:ios|android))?(?: ?アプリ| ?モバイル)?"
)
_SENT_FROM = re.compile(
    r"(?:(?:私の|my )?\s?(?:" + _DEVICE + r") ?(?:から|で|より) ?送信(?:されました)?[。.]?"
    r"|sent (?:from|via|with|using) .{1,80}|get outlook for .{1,60}"
    r"|(?:ios|android) ?(?:版|用)?の? ?outlook ?(?:を|の)? ?(?:入手|ダウンロード).{0,20}"
    r"|outlook for (?:ios|android)(?: ?を入手)?|outlook の入手 .{0,40}|yahoo!? ?(?:japan)? ?メールアプリ.{0,20}"
    r"|yahoo! ?mail\s?[-―ー].{0,60}|(?:send|sent) by .{1,60}mobile.{0,20})$",
    re.IGNORECASE,
)

# The fast way out of holds_no_mark: characters that NFKC only narrows, and in what is left a sign for each of the
# patterns above without which it cannot match. Anything else goes the long way.
_PLAIN = re.compile(
    "[\t\n\r\x20-\x7e\u2013-\u2016\u2018-\u201f\u2025\u2026\u203b\u2190-\u2193\u21d2\u2460-\u2473\u2500-\u257f"
    "\u25a0-\u25ff\u2605\u2606\u266a\u3000-\u3002\u3005-\u301f\u3041-\u3096\u309d\u309e\u30a1-\u30fe\u4e00-\u9fff\uff01-\uff5e]*"
)
_LABELLED = r"[*_ ]{0,3}\s{0,20}:"
_CLOSING = r"\s{0,20}[:;]?[^\S\n]{0,20}$"
# Every alternative begins with a character of its own: then the search skips to those at the speed of C.
_SIGN = re.compile(
    r">|\||》|@|wrote|writes|schrieb|forwarded|transferred|転送|original|reply message|元メ|元のメ|オリジナル|返信元"
    r"|受信メール|前のメール|引用|送信(?!者|元|先)|sent |send |outlook|yahoo"
    + "".join(f"|{label}{_LABELLED}" for label in ("from", "sender", "差出人", "送信者", "送信元", "発信者"))
    + "".join(
        f"|{word}{_CLOSING}"
        for word in (
            "のメール",
            "のメッセージ",
            "のお便り",
            "書きました",
            "書いた",
            "送信しました",
            "書かれました",
        )
    ),
    re.MULTILINE,
)
# What stands, in any width and case, wherever one of these signs does: a letter r, "sen" or "oo" in all those that are
# Latin. Most mails hold none of it.
_TRACE = re.compile(
    r">|＞|\||｜|》|@|＠|r|R|ｒ|Ｒ|転送|元メ|元のメ|オリジ|返信元|受信メ|前のメ|引用|差出人|発信者|送信|のメ|のお便|書い|書き|書か"
    + "".join(f"|{first}[eEｅＥ][nNｎＮ]" for first in "sSｓＳ")
    + "".join(f"|{first}[oOｏＯ]" for first in "oOｏＯ")
)
# The same for the line that a mark begins with: a header, a rule, or an attribution, which may run on after a date.
_LINE_SIGN = re.compile(
    r"[\d:;@_*─━―\u0131\u0307-]|^(?:on|in) |wr(?:ote|ites)|schrieb|crit|forwarded|transferred|転送|original"
    r"|reply message|元(?:の)?メ|オリジナル|返信元|受信メール|前のメール|引用|の(?:メール|メッセージ|お便り)"
    r"|書きました|書いた|送信しました|書かれました"
)
# Kanji, kana and what stands between them: a line of nothing else has no sign but words.
_SENTENCE = re.compile("[\t\n\r \u3000-\u3002\u3005-\u300d\u3041-\u3096\u30a1-\u30fa\u30fc\u4e00-\u9fff！（），．？]*")


@dataclass(frozen=True, slots=True)
class Mark:
    """Lines ``start`` to ``end`` (exclusive) that a program put before a quote."""

    start: int
    end: int
    kind: Literal["attribution", "headers", "original", "forwarded"]
    strong: bool  # enough to say that what follows without a prefix is a quote, too
    addresses: tuple[str, ...] = ()  # of the person quoted, casefolded
    subject: str | None = None  # of the mail quoted, where the headers give it
    by_hand: bool = False  # people, too, put a date and 「夫のメール：」 above what was done to them


def holds_no_mark(text: str) -> bool:
    """Whether a text surely holds nothing that a program put around a quote; False where it has to be read.

    Most mails hold nothing, and reading them line by line costs more than all the rest of a mail.
    """
    if ">" in text or _PLAIN.fullmatch(text) is None:
        return False
    return _TRACE.search(text) is None or _SIGN.search(NARROW(text).lower()) is None


def quiet_lines(text: str) -> int:
    """How many lines at the top of a text surely have no prefix and begin no mark: what is written above a quote."""
    plain = _SENTENCE.match(text)
    end = plain.end() if plain else 0
    trace = _TRACE.search(text, 0, end)
    return text.count("\n", 0, trace.start() if trace else end)


def lines_of(text: str) -> list[str]:
    """Lines with their ends; they concatenate back to the text."""
    parts = text.split("\n")
    lines = [part + "\n" for part in parts[:-1]]
    if parts[-1]:
        lines.append(parts[-1])
    return lines


def is_blank(line: str) -> bool:
    """Whether nothing is left of a line when it is cleaned."""
    first = line[:1]
    if first.isalnum() or "!" <= first <= "~":
        return False
    return line == "\n" or not clean(line)


def clean(line: str) -> str:
    """A line as a person reads it: compatibility forms folded, invisible characters and outer space gone."""
    if line.isascii():
        return line.replace("\x00", "").strip()
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", line)).strip()


def fold(line: str) -> str:
    """A line for comparison: :func:`clean`, without quote prefixes, link targets, any space, and case."""
    kept = clean(line)
    kept = _PREFIX_FOLDED.sub("", kept, count=1) if kept[:1] in ">|》" else kept
    if "<" in kept:
        kept = _LINKED.sub("", kept)
    return "".join(kept.split()).replace("〜", "~").casefold()


def prefix(line: str) -> str:
    """The quote prefix that begins a line (``> ``, ``＞``, ``>>``, ``| ``); empty where there is none."""
    if line[:1] not in _BEFORE_PREFIX:
        return ""
    if line[:2] == "> " and line[2:3].isalnum() and "<" not in line[:8] and "＜" not in line[:8]:
        return "> "
    seen = _INVISIBLE.sub("", line[:80]).rstrip("\r\n")
    found = _PREFIX.match(seen)
    if found is None:
        return ""
    bare = seen.lstrip()
    if _DRAWN.match(bare) or (
        bare[:1] in "|｜" and (_TABLE.match(bare) or (bare[1:] and not found.group().endswith((" ", "\u3000"))))
    ):
        return ""
    return found.group()


def named_prefix(line: str) -> str:
    """The name of a ``花子> `` prefix (old Japanese programs); a chat log looks the same, so ask for more evidence."""
    found = _NAMED.match(line[:40])
    return found.group(1) if found else ""


def has_address(text: str) -> bool:
    return _ADDRESS.search(text[: 2 * MAX_MARK]) is not None


def addresses(text: str) -> tuple[str, ...]:
    """Mail addresses in a line, casefolded."""
    return tuple(found.group().casefold() for found in _ADDRESS.finditer(text[: 2 * MAX_MARK]))


def is_reply_subject(subject: str) -> bool:
    return _REPLY_SUBJECT.match(clean(subject[:MAX_MARK])) is not None


def is_forward_subject(subject: str) -> bool:
    return _FORWARD_SUBJECT.match(clean(subject[:MAX_MARK])) is not None


def base_subject(subject: str) -> str:
    """A subject without its reply prefixes and spaces, for comparison."""
    bare = clean(subject[:MAX_MARK])
    for _ in range(10):
        shorter = _SUBJECT_PREFIX.sub("", bare, count=1) if _SUBJECT_PREFIX.match(bare) else bare
        if shorter == bare:
            break
        bare = shorter
    return fold(bare)


def is_program_signature(line: str) -> bool:
    """A line that a program adds under what a person writes: ``iPhoneから送信``, ``Sent from Outlook``."""
    bare = clean(line[:MAX_MARK]).strip("*_ ")
    bare = _LINKED.sub("", bare).strip()
    return 0 < len(bare) <= 100 and _SENT_FROM.match(bare) is not None


def header(line: str, *, below_separator: bool = False) -> tuple[HeaderName, str] | None:
    """Name and value of a header line as programs print them above a quote."""
    bare = clean(line[:MAX_MARK])
    found = _HEADER.match(bare) or (_HEADER_BARE.match(bare) if below_separator else None)
    if found is None:
        return None
    name = _LABELS.get(found.group(1).casefold())
    return (name, found.group(2)) if name else None


def _attribution(lines: Sequence[str], at: int) -> Mark | None:
    joined = ""
    for end in range(at, min(at + _WRAPPED, len(lines))):
        part = clean(lines[end][:MAX_MARK])
        if not part or (end > at and prefix(lines[end])):
            return None
        joined = f"{joined} {part}".strip()
        if len(joined) > MAX_MARK:
            return None
        dated = _HAS_DATE.search(joined) is not None
        named = tuple(_ADDRESS.findall(joined))
        ruled = _WROTE_RULED.match(joined) is not None
        said = _SAID.search(joined) is not None
        hit = (
            ruled
            or (joined.startswith(("On ", "At ", "Am ", "Le ")) and _WROTE.search(joined) is not None)
            or (_IN_MESSAGE.match(joined) is not None and _WROTE.search(joined) is not None)
            or (
                said
                and joined.endswith((":", "メール", "メッセージ", "wrote", "writes", "書きました"))
                and (dated or bool(named))
            )
            or (_WROTE.search(joined) is not None and joined.endswith(":") and len(joined) <= 80)
            or (dated and _HAS_DATE.match(joined) is not None and bool(named) and joined.endswith((":", ">")))
            or (bool(named) and dated and _HAS_TIME.search(joined) is not None and joined.endswith(":"))
        )
        if hit:
            who = tuple(name.casefold().rstrip(":>") for name in named)
            return Mark(at, end + 1, "attribution", dated and (bool(named) or said), who, by_hand=not named)
        # only a line that starts like an attribution may run on: a date, or On; and no program ends one in 。
        if joined[-1] in "。！？" or (
            end == at and not (_HAS_DATE.search(joined) or joined.startswith(("On ", "In ")))
        ):
            return None
        if part.endswith(("。", "!", "?")):
            return None  # a sentence of a person, with a date in it
    return None


def _headers(lines: Sequence[str], at: int, *, below_separator: bool = False) -> tuple[int, dict[HeaderName, str]]:
    """Header lines from ``at`` on, single blank lines and one folded line between them allowed."""
    seen: dict[HeaderName, str] = {}
    end = cursor = at
    while cursor < len(lines) and cursor < at + 24:
        found = header(lines[cursor], below_separator=below_separator)
        if found is not None and found[0] in seen and found[0] != "other":
            break  # a second block begins: somebody's list, or a nested quote
        if found is not None:
            seen.setdefault(found[0], found[1])
            cursor += 1
            end = cursor
        elif cursor + 1 < len(lines) and end == cursor and seen and header(lines[cursor + 1]) is not None:
            cursor += 1  # a blank or folded line between two headers
        else:
            break
    return end, seen


def find_mark(lines: Sequence[str], at: int) -> Mark | None:
    """The mark that starts at line ``at``, if one does. Lines with a quote prefix start none."""
    raw = lines[at]
    if len(raw) > MAX_MARK or prefix(raw):
        return None
    if _SENTENCE.fullmatch(raw) is not None and _TRACE.search(raw) is None:
        return None
    line = clean(raw)
    if not line or not _LINE_SIGN.search(line.lower()):
        return None
    if _FORWARDED.match(line):
        end, seen = _headers(lines, _after_blank(lines, at + 1, 1))
        return Mark(
            at, end if seen else at + 1, "forwarded", True, addresses(seen.get("from", "")), seen.get("subject")
        )
    original = _ORIGINAL.match(line) is not None and (_RULED.match(line) is not None or line.isascii() or len(line) > 4)
    ruled = original or _UNDERLINE.match(line) is not None
    found = header(raw)
    if found and not ruled and found[0] != "from" and (at + 1 == len(lines) or not lines[at + 1].strip()):
        return None  # "To: my husband": a program's block begins with From, or runs on
    if ruled or found is not None:
        below = _after_blank(lines, at + 1, 2 if original or line[0] == "_" else 0) if ruled else at
        end, seen = _headers(lines, below, below_separator=original and _RULED.match(line) is not None)
        enough = len(seen) >= (1 if original else 2) and (
            original or ("from" in seen and ("date" in seen or len(seen) > 2))
        )
        if original and not seen and _RULED.match(line):
            return Mark(at, at + 1, "original", False)
        if enough and (ruled or len(seen) >= 3):
            return Mark(
                at,
                end,
                "original" if original else "headers",
                True,
                addresses(seen.get("from", "")),
                seen.get("subject"),
            )
        if ruled or found is None:
            return None
    return _attribution(lines, at)


def _after_blank(lines: Sequence[str], at: int, most: int) -> int:
    while at < len(lines) and most > 0 and not lines[at].strip():
        at += 1
        most -= 1
    return at
