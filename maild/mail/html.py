"""HTML mail -> the text that a person would read (rules M5, M6).

lxml's event parser (libxml2, an HTML5 tokenizer in C) does the reading: linear on everything hostile that we know of,
no tree, no depth limit to trip over. It is imported at the first HTML mail, since a daemon that never sees one should
not carry it. What is ours is the laying out, above all that a quoted mail gets ``> ``, so that quote stripping works.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Final

from maild.mail.limits import MAX_HTML_CHARS, MAX_QUOTE_DEPTH

_SILENT: Final = frozenset(
    [
        "script",
        "style",
        "head",
        "title",
        "template",
        "svg",
        "math",
        "object",
        "applet",
        "iframe",
        "frameset",
        "noframes",
        "datalist",
        "audio",
        "video",
    ]
)
_VOID: Final = frozenset(
    ["br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "param", "source", "track", "wbr"]
)
_PARAGRAPH: Final = frozenset(["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre"])
_LINE: Final = frozenset(
    [
        "div",
        "li",
        "dt",
        "dd",
        "tr",
        "address",
        "article",
        "aside",
        "section",
        "header",
        "footer",
        "main",
        "nav",
        "form",
        "fieldset",
        "figure",
        "figcaption",
        "center",
        "body",
        "html",
        "details",
        "summary",
        "caption",
        "legend",
        "option",
        "plaintext",
        "xmp",
        "listing",
    ]
)
_CELL: Final = frozenset({"td", "th"})
_VERBATIM: Final = frozenset({"pre", "textarea", "plaintext", "xmp", "listing"})
_HIDDEN: Final = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|font-size\s*:\s*0(?:px|pt|em|%)?\s*(?:;|!|\Z)", re.I
)
_INDENTED: Final = re.compile(r"border(?:-left)?\s*:\s*(?:none|0)", re.I)
_TIGHT: Final = re.compile(r"margin(?:-bottom)?\s*:\s*0", re.I)
_TIGHT_SHEET: Final = re.compile(
    r"<style[^<>]{0,200}>\s*(?:<!--\s*)?p\s*\{[^{}]{0,200}margin(?:-bottom)?\s*:\s*0", re.I
)
_SPACES: Final = re.compile(r"[ \t\r\n\f\v\xa0]+")
_WIDE: Final = re.compile("[\u2e80-\ua4cf\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]")
_TAG: Final = re.compile(r"<[^<>]*>")
_LINK: Final = re.compile(r"(?i)(?:https?|ftp|mailto|tel|sms):")
_LINK_SCHEME: Final = re.compile(r"(?i)\A(?:https?://|mailto:|tel:|sms:)")
ASIDE: Final = "\ufdd0\ufdd1"
"""Noncharacters around what stands in the text without being a word of it (see :func:`to_text`)."""
_ASIDE: Final = re.compile(f"[{ASIDE}]")
_MAX_ASIDES: Final = 500


class _Layout:
    """Receives the parser's events and lays out lines. One instance reads one document."""

    def __init__(self, aside: Callable[[str], bool] | None = None, *, tight: bool = False) -> None:
        self._aside = aside
        self._asides = 0
        self._in_aside = False
        self._lines: list[str] = []
        self._line: list[str] = []
        self._open: list[tuple[str, bool, bool, str]] = []  # tag, silences, quotes, link
        self._silent = 0
        self._verbatim = 0
        self._quotes = 0
        self._blank_wanted = False
        self._link_text: list[str] | None = None
        self._tight = tight  # a style sheet that takes the space between paragraphs away

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.lower()
        silences = tag in _SILENT or (bool(attributes) and tag not in _VOID and _is_hidden(attributes))
        if tag in _VOID:
            if not self._silent:
                self._void(tag, attributes)
            self._open.append((tag, False, False, ""))
            return
        quotes = tag == "blockquote" and _is_quote(attributes)
        link = ""
        if tag == "p" and (self._tight or (attributes and _is_tight(attributes))):
            tag = "div"  # Outlook writes each line as a paragraph without space around it
        if not self._silent and not silences:
            self._break(tag)
            if tag == "li":
                self._line.append("・")
            elif tag in _CELL and any(piece.strip() for piece in self._line):
                self._line.append(" ")
            elif tag == "a":
                link = (attributes.get("href") or "").strip()
                self._link_text = []
                if self._is_aside(link):
                    self._line.append(ASIDE[0])
                    self._in_aside = True
        if quotes:
            self._quotes += 1
        self._silent += silences
        if tag in _VERBATIM:
            self._flush()
            self._verbatim += 1
        self._open.append((tag, silences, quotes, link))

    def end(self, tag: str) -> None:
        if not self._open:
            return
        tag, silences, quotes, link = self._open.pop()
        if tag in _VOID:
            return
        self._silent -= silences
        if tag in _VERBATIM:
            self._flush()
            self._verbatim -= 1
        if not self._silent and not silences:
            if tag == "a":
                self._end_link(link)
            self._break(tag)
        if quotes:
            self._flush()
            self._quotes -= 1

    def data(self, text: str) -> None:
        if self._silent or not text:
            return
        if self._verbatim:
            first, *rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            self._line.append(first)
            for piece in rest:
                self._flush(keep_blank=True)
                self._line.append(piece)
        else:
            self._line.append(text)
        if self._link_text is not None:
            self._link_text.append(text)

    def comment(self, _text: str) -> None:
        """Comments are not read by people."""

    def pi(self, _target: str, _data: str | None = None) -> None:
        """Nor are processing instructions."""

    def close(self) -> str:
        self._flush()
        return "\n".join(self._lines).strip("\n")

    def _void(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "br":
            self._flush(keep_blank=True)
        elif tag == "hr":
            self._flush()
            self._line.append("-" * 20)
            self._flush()
        elif tag == "img":
            # Phones and webmailers write emoji as images with the emoji as text.
            alt = (attributes.get("alt") or "")[:200]
            self._line.append(f"{ASIDE[0]}{alt}{ASIDE[1]}" if alt and self._aside else alt)

    def _is_aside(self, link: str) -> bool:
        """Whether a link is one whose target the other half of the mail prints instead of its text."""
        if self._aside is None or self._asides >= _MAX_ASIDES or not _LINK.match(link) or len(link) > 2_000:
            return False
        self._asides += 1
        return self._aside(_LINK_SCHEME.sub("", link))

    def _end_link(self, link: str) -> None:
        shown = "".join(self._link_text or []).strip()
        self._link_text = None
        if self._in_aside:
            self._line.append(ASIDE[1])
            self._in_aside = False
        if not _LINK.match(link) or len(link) > 2_000:
            return
        bare = _LINK_SCHEME.sub("", link).rstrip("/")
        if bare and bare not in shown:
            self._line.append(f" <{link}> ")

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPH:
            self._flush()
            self._blank_wanted = bool(self._lines)
        elif tag in _LINE:
            # Outlook keeps a blank line open with a blank that does not break
            self._flush(keep_blank=tag == "div" and any("\xa0" in piece for piece in self._line))

    def _flush(self, *, keep_blank: bool = False) -> None:
        raw = "".join(self._line)
        self._line = []
        text = raw.replace("\xa0", " ").rstrip() if self._verbatim else _collapse(raw)
        if not text and not keep_blank:
            return
        prefix = "> " * min(self._quotes, MAX_QUOTE_DEPTH)
        if self._blank_wanted and text and self._lines and self._lines[-1].strip("> "):
            self._lines.append(prefix.rstrip())
        if text:
            self._blank_wanted = False
        self._lines.append((prefix + text).rstrip())


def _collapse(raw: str) -> str:
    def blank(match: re.Match[str]) -> str:
        before, after = raw[match.start() - 1 : match.start()], raw[match.end() : match.end() + 1]
        if "\n" in match.group() and _WIDE.match(before) and _WIDE.match(after):
            return ""  # CSS Text 3 section 4.1.2: a line end in the source between two wide characters
        return " "

    return _SPACES.sub(blank, raw).strip(" ")


def _is_hidden(attributes: dict[str, str]) -> bool:
    return "hidden" in attributes or bool(_HIDDEN.search((attributes.get("style") or "")[:2_000]))


def _is_tight(attributes: dict[str, str]) -> bool:
    return (attributes.get("class") or "").startswith("Mso") or bool(
        _TIGHT.search((attributes.get("style") or "")[:2_000])
    )


def _is_quote(attributes: dict[str, str]) -> bool:
    """Webmailers indent with a block quote without a border: those are the sender's own words."""
    if "cite" in attributes or "type" in attributes or "quote" in (attributes.get("class") or "").lower():
        return True
    return not _INDENTED.search((attributes.get("style") or "")[:2_000])


def without_asides(text: str) -> str:
    """A text without the marks that :func:`to_text` put in on request."""
    return _ASIDE.sub("", text)


def to_text(html_text: str, aside: Callable[[str], bool] | None = None) -> str:
    """Readable text with ``\\n`` between lines; ``""`` where nothing is to be read. Never raises.

    ``aside``: asked for the target of each link; where it says so, the text of the link comes out between two
    noncharacters (:data:`ASIDE`), and so do the texts of pictures: for comparing, not for reading.
    """
    source = html_text[:MAX_HTML_CHARS].replace("\x00", "")
    if aside:
        source = _ASIDE.sub("", source)
    if not source.strip():
        return ""
    source = re.sub(r"\A\s*<\?xml[^>]{0,200}\?>", "", source)
    try:
        from lxml import etree  # type: ignore[import-untyped,unused-ignore]  # here, not above: memory (see the module's docstring)

        parser = etree.HTMLParser(
            target=_Layout(aside, tight=_TIGHT_SHEET.search(source[:20_000]) is not None), huge_tree=True, recover=True
        )
        parser.feed(source)
        text = parser.close()
        return text if isinstance(text, str) else ""
    except Exception:  # whatever the library does with bytes nobody has seen: text goes before beauty (M6)
        return html.unescape(_TAG.sub("\n", source)).strip()
