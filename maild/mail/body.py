"""The tree of parts -> one text as a person would read it, and the attachments (rules M5, A2)."""

from __future__ import annotations

import html as entities
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from maild.mail import alternative, attachments, charset, flowed, html, sniff, structure, transfer
from maild.mail.facts import Attachment
from maild.mail.header import clean_name, decode_text, decode_words
from maild.mail.structure import Part

_META_CHARSET: Final = re.compile(rb"(?i)<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})")
_CID: Final = re.compile(rb"(?i)(?<!href=)(?<!href=[\"'])cid:([^\"'<>\s)]{1,500})")
_UNTIDY: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")  # either of the next two
_LINE_END: Final = re.compile("[\r\x0b\x0c\x85\u2028\u2029]")
_CONTROL: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_NO_HTML: Final = re.compile(
    r"HTML[^\n]{0,40}(?:対応|表示|閲覧|ご覧|形式|メール)|(?:support|view|display|read|enable)[^\n]{0,60}HTML"
    r"|HTML[^\n]{0,40}(?:support|capable|enabled|e-?mail|message|version|format)|plain.text version",
    re.I,
)
# How such a sentence ends where a program wrote it; a person's may hold the same words and go on.
_STUB_END: Final = re.compile(r"(?:です|ます|ません|でした|ました|ください|下さい|メール|形式|版|[!-~])[。．.!！\s]*\Z")
_MARKS: Final = re.compile(r"\[(?:image|cid|画像)[:：][^\]\n]{0,300}\]|[\s\u200b-\u200f\ufeff\u3000>￼]")
_SENTENCE: Final = re.compile(r"[^。！？!?\n]{1,400}[。！？!?\n]*|[。！？!?\n]+")
_NOT_WORD: Final = re.compile(r"[\W_]+")
_REPORT_PARTS: Final = frozenset(
    {
        "message/delivery-status",
        "message/global-delivery-status",
        "message/disposition-notification",
        "message/global-disposition-notification",
        "message/feedback-report",
        "text/rfc822-headers",
        "message/rfc822-headers",
        "message/global-headers",
    }
)


@dataclass(slots=True)
class Segment:
    """One piece of text; HTML is only laid out when it is wanted."""

    is_html: bool
    source: str = field(repr=False)
    plain: str = field(default="", repr=False)
    """The plain half alone, where the text is more than that."""
    _text: str | None = field(default=None, repr=False)

    @property
    def text(self) -> str:
        if self._text is None:
            self._text = tidy(html.to_text(self.source)).strip("\n") if self.is_html else self.source
        return self._text


@dataclass(slots=True)
class Body:
    """What the parts of a message come to."""

    text: str = field(default="", repr=False)
    plain: str = field(default="", repr=False)
    """The text without what only an HTML half says; empty where that is all of it."""
    attachments: list[Attachment] = field(default_factory=list)
    in_report: list[Attachment] = field(default_factory=list)
    """Messages inside a multipart/report: attachments only if the report turns out to be none."""
    calendar: bool = False


def tidy(text: str) -> str:
    """``\\n`` line ends, no control characters, no lone surrogates."""
    text = text.replace("\r\n", "\n")
    if _UNTIDY.search(text):
        text = _CONTROL.sub("", _LINE_END.sub("\n", text))
    return text.lstrip("\ufeff")


class _Walker:
    def __init__(self, root: Part, defects: list[str]) -> None:
        self.root = root
        self.defects = defects
        self.body = Body()
        self._shown: set[str] | None = None
        self._html_bytes: list[bytes] = []

    def segments(self, part: Part, *, report: bool, alternative: bool, forced: bool) -> list[Segment]:
        kind = part.type
        if kind.startswith("multipart/"):
            return self.multipart(part, report=report, forced=forced)
        if kind in _REPORT_PARTS or (kind.startswith("message/") and report):
            target = self.body.in_report if report or kind != "text/rfc822-headers" else self.body.attachments
            target.append(attachments.attachment(part, part.content(self.defects), "nested"))
            return []
        if kind.startswith("message/"):
            self.body.attachments.append(self.nested(part))
            return []
        return self.leaf(part, alternative=alternative, forced=forced)

    def nested(self, part: Part) -> Attachment:
        found = attachments.attachment(part, part.content(self.defects), "nested")
        if found.name or not part.children:
            return Attachment(found.name, part.type, found.bytes, "nested")
        subject = clean_name(decode_text(part.children[0].first("subject")[:2_000]))
        return Attachment(f"{subject}.eml" if subject else "", part.type, found.bytes, "nested")

    def multipart(self, part: Part, *, report: bool, forced: bool) -> list[Segment]:
        kind = part.type
        forced = forced or part.disposition.value == "attachment"
        if not part.children:
            return self.unsplit(part)
        report = report or kind == "multipart/report"
        is_alternative = kind == "multipart/alternative"
        groups = [
            self.segments(child, report=report, alternative=is_alternative, forced=forced) for child in part.children
        ]
        if is_alternative:
            return _choose(groups, self.subject)
        found: list[Segment] = []
        for group in groups:
            for segment in group:
                # multipart/mixed used as if it were an alternative: the same text twice.
                if segment.is_html and found and not found[-1].is_html and _same(found[-1].text, segment.text):
                    continue
                found.append(segment)
        return found

    def subject(self) -> str:
        return decode_text(self.root.first("subject")[:2_000])

    def unsplit(self, part: Part) -> list[Segment]:
        """A multipart of which no part could be found is its own text."""
        boundary = part.content_type.given.get("boundary", "").encode("utf-8", "replace")
        if boundary and b"--" + boundary in part.body:
            return []  # too deep, or nothing but delimiters
        data = part.content(self.defects)
        if not data.strip():
            return []
        return self.plain(part, data)

    def leaf(self, part: Part, *, alternative: bool, forced: bool) -> list[Segment]:
        data = part.content(self.defects)
        if part is self.root and not part.all("content-type"):
            recovered = structure.recover(part, self.defects)
            if recovered:
                self.defects.append("mime_header_missing")
                return self.segments(recovered, report=False, alternative=False, forced=False)
        what, why = attachments.role(
            part,
            data,
            in_alternative=alternative,
            shown=self.is_shown(part),
            forced=forced,
            alone=part is self.root,
        )
        if what == "attachment":
            self.attach(attachments.attachment(part, data, why))
            return []
        if what == "html":
            return [Segment(True, self.decoded(part, data, html_label(data)))]
        return self.plain(part, data) if what == "text" else []

    def attach(self, found: Attachment) -> None:
        self.body.attachments.append(found)
        self.body.calendar = self.body.calendar or found.why == "calendar"

    def plain(self, part: Part, data: bytes) -> list[Segment]:
        data = self.cut_files(data)
        text = tidy(self.decoded(part, data, None))
        parameters = part.content_type.given
        if parameters.get("format", "").lower() == "flowed":
            text = flowed.unflow(text, delete_space=parameters.get("delsp", "").lower() == "yes")
        text = text.strip("\n").rstrip()
        return [Segment(False, text)] if text else []

    def decoded(self, part: Part, data: bytes, meta: str | None) -> str:
        text, found = charset.decode(data, part.content_type.given.get("charset") or meta)
        self.defects.extend(found)
        return text

    def cut_files(self, data: bytes) -> bytes:
        """Without files that stand in the text itself: uuencoded, or base64 that lost its header (A2)."""
        spans: list[tuple[int, int]] = []
        if b"begin" in data:
            for name, span, content in transfer.uuencoded(data):
                decoded = clean_name(decode_words(charset.decode(name.encode("utf-8", "surrogateescape"), None)[0]))
                kind = sniff.magic(content) or "application/octet-stream"
                self.attach(Attachment(decoded, kind, len(content), "uuencoded"))
                spans.append(span)
        if not spans:
            for start, end in sniff.base64_runs(data):
                kind = sniff.magic(transfer.base64(data[start : min(end, start + 2_000)], []))
                if kind:
                    self.attach(Attachment("", kind, len(transfer.base64(data[start:end], [])), "sniffed"))
                    spans.append((start, end))
        if not spans:
            return data
        kept: list[bytes] = []
        position = 0
        for start, end in spans:
            kept.append(data[position:start])
            position = end
        return b"".join([*kept, data[position:]])

    def is_shown(self, part: Part) -> bool:
        """Whether the HTML itself shows this image (decorated phone mail)."""
        content_id = part.first("content-id")
        location = part.first("content-location")
        if part is self.root or not (content_id or location) or part.type.startswith("text/"):
            return False
        if self._shown is None:
            self._shown = set()
            self.collect(self.root)
        bare = content_id.strip().strip("<>").strip()
        if bare and (bare in self._shown or unquote(bare) in self._shown):
            return True
        wanted = location.strip().encode("ascii", "ignore")
        return len(wanted) > 3 and any(wanted in each for each in self._html_bytes)

    def collect(self, part: Part) -> None:
        for child in part.children if part.type.startswith("multipart/") else []:
            self.collect(child)
        if part.type in attachments.HTML or (part.type == "text/plain" and sniff.is_html(part.content([]))):
            data = part.content([])
            self._html_bytes.append(data)
            assert self._shown is not None
            for found in _CID.findall(data):
                text = found.decode("ascii", "replace").replace("&amp;", "&")
                self._shown.update((text, unquote(text)))


def html_label(data: bytes) -> str | None:
    """The charset that the HTML names for itself."""
    found = _META_CHARSET.search(data[:4096])
    label = found.group(1).decode("ascii") if found else None
    # Read as ASCII, so it cannot be that (HTML 13.2.3.2, prescan); Word writes it all the same.
    return None if (charset.codec_of(label) or "").startswith(("utf-16", "utf-32")) else label


def _choose(groups: list[list[Segment]], subject: Callable[[], str]) -> list[Segment]:
    """The plain form (RFC 2046 section 5.1.4, turned round), and with it whatever only another form says (K1)."""
    plains = [group for group in groups if group and not any(segment.is_html for segment in group)]
    rich = [group for group in groups if any(segment.is_html for segment in group)]
    plains = [group for group in plains if _MARKS.sub("", _joined(group))] or plains[:1]
    if not plains or not _MARKS.sub("", _joined(plains[0])):
        return next((group for group in reversed(rich) if _joined(group).strip()), plains[0] if plains else [])
    text = _joined(plains[0])
    for group in plains[1:]:
        text = alternative.with_lines_of(text, _joined(group))
    if rich:
        if len(text) < 800 and _NO_HTML.search(text) and not _same(text, _joined(rich[-1])):
            text = "".join(each for each in _SENTENCE.findall(text) if not _is_stub(each)).strip("\n")
            if not _MARKS.sub("", text) and _MARKS.sub("", _joined(rich[-1])):
                return rich[-1]
        more = alternative.merged(text, _source(rich[-1]), subject)
        if more is not None:
            return [Segment(False, tidy(more).strip("\n"), plain=_joined(plains[0]))]
    return plains[0] if text == _joined(plains[0]) else [Segment(False, text)]


def _is_stub(sentence: str) -> bool:
    return _NO_HTML.search(sentence) is not None and _STUB_END.search(sentence) is not None


def _joined(group: list[Segment]) -> str:
    return "\n".join(segment.text for segment in group)


def _source(group: list[Segment]) -> str:
    """A group as HTML; plain text in it for the eyes of the HTML reader alone."""
    return "<br>".join(
        segment.source if segment.is_html else entities.escape(segment.text).replace("\n", "<br>") for segment in group
    )


def _same(one: str, other: str) -> bool:
    first, second = _NOT_WORD.sub("", one), _NOT_WORD.sub("", other)
    return bool(first) and first == second


def read(root: Part, defects: list[str]) -> Body:
    """Text and attachments of a message."""
    walker = _Walker(root, defects)
    segments = walker.segments(root, report=False, alternative=False, forced=False)
    segments = [segment for segment in segments if segment.text.strip()]
    walker.body.text = "\n\n".join(segment.text for segment in segments)
    if any(segment.plain for segment in segments):
        walker.body.plain = "\n\n".join(segment.plain or segment.text for segment in segments)
    return walker.body
