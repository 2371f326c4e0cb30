"""What a client's first mail tells: the required items, company and proxies (rules I1, I2). Presence, never a format."""

# ruff: noqa: E501
# Patterns and word lists are read whole, and ruff counts a kanji as two columns.
from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from maild.desk.intake_cluster import alone, clustered
from maild.desk.intake_company import companions
from maild.desk.intake_content import content_of
from maild.desk.intake_form import parse_form
from maild.desk.intake_labels import WIDTH, Labelled, Vocabulary, labelled, vocabulary
from maild.desk.intake_names import named_in_subject
from maild.desk.intake_prose import REFUSAL, listed, recognise, signature
from maild.desk.rules import ItemSpec
from maild.desk.textfold import without_signature

__all__ = ["chosen_name", "companions", "find", "missing", "parse_form"]

_LIMIT = 40_000  # characters read for items; a person says who they are long before that
_PROSE = ("age", "sex", "region", "name")
_VALUE_MAX = 2_000
_BLANK = re.compile(
    r"[\s_ー―—\-–.…・、,*()（）/／|:：?？○◯〇□☐~〜]*(?:[(（]?(?:未記入|任意|必須|例.{0,20}|記入してください|ご記入ください|未入力|空欄|選択してください|入力してください)[)）]?)?[\s_\-.()（）]*"
)
_HINT = re.compile(
    r"(?:ここに|こちらに|以下に|下に|下記に).{0,12}(?:書|記入|入力).{0,12}|(?:実名あるいは匿名|可能な範囲で.{0,12})"
)
_HINT_ONLY = re.compile(
    r"[(\[【].*(?:可|OK|任意|必須|半角|全角|例[:えe]|入力|記入|選択|ください|下さい|差し支え|構いません|かまいません|匿名でも).*[)\]】]",
    re.I,
)
_BOTH_SEXES = re.compile(
    r"[\s/・,、|()（）□☐]*(?:男性?|男の子|女性?|その他|回答しない|無回答|どちらでもない|未選択|or|[\s/・,、|()（）□☐])+",
    re.I,
)
_NOTHING_TOLD = re.compile(r"(?:特に)ありません[。]?|テスト(?:送信|メール|です)*[。]?")
_MARKED = re.compile(r"[(（](?:男性?|女性?)[)）]|[○◯〇●◎☑✓✔レ■◉⦿]|\(\s*[xX○レv]\s*\)|\[[xX]\]")
_REGION_BLANK = re.compile(r"[\s・/、,|_\-]*(?:(?:都道府県|都|道|府|県|市区町村|市町村|市|区|町|村)[\s・/、,|_\-]*)+")
_REGION_BOTH = re.compile(r"[\s(（]*県内[\s・/、,|]*(?:or|か)?[\s]*県外[\s)）]*|[\s(（]*県外[\s・/、,|]*県内[\s)）]*")
_AGE_BLANK = re.compile(r"[\s_満〇○◯?]*(?:歳|才|代|さい)?[\s_]*")


def _present(item: str, value: str) -> bool:
    wide = WIDTH(value)
    if not wide.strip() or _BLANK.fullmatch(wide) or _HINT.fullmatch(wide.strip("()（） ")):
        return False
    if wide.strip()[0] in "([【" and _HINT_ONLY.fullmatch(wide.strip()):
        return False
    if item == "content" and _NOTHING_TOLD.fullmatch(wide.strip()):
        return False
    if item == "sex" and re.search("男", wide) and re.search("女", wide):
        return bool(_MARKED.search(wide)) or not _BOTH_SEXES.fullmatch(wide)
    if item == "region":
        return not (_REGION_BLANK.fullmatch(wide) or (_REGION_BOTH.fullmatch(wide) and not _MARKED.search(wide)))
    return not (item == "age" and _AGE_BLANK.fullmatch(wide))


def _shared(entry: Labelled) -> dict[str, str]:
    """性別・年齢：女性・24歳: each part to the item it is, else in the order of the labels."""
    items = [item for item in entry.items if item]
    if len(items) <= 1:
        return {item: entry.value for item in items}
    wide = WIDTH(entry.value)
    parts = [(m[0], entry.value[m.start() : m.end()]) for m in re.finditer(r"[^ ・/、,|\n　]+", wide)]
    given: dict[str, str] = {}
    if len(parts) == len(items):
        kinds = listed(wide)
        swapped = {item: entry.value[s:e] for item, (s, e) in kinds.items() if item in items}
        given = {item: part for item, (_, part) in zip(items, parts, strict=True)}
        if set(swapped) >= {"sex", "age"} & set(items) and len(swapped) >= 2:
            given |= swapped
        return given
    if REFUSAL.search(wide) and len(parts) < len(items) + 2 and not re.search(r"\d", wide):
        return dict.fromkeys(items, entry.value)  # 年齢性別名前は秘密で: one refusal for all
    for item in items:
        if found := recognise(item, wide) or listed(wide).get(item):
            given[item] = entry.value[found[0] : found[1]]
    if not given and wide.strip():
        given = {items[0]: entry.value}
    return given


_COPULA = re.compile(
    r"[\s、。]*(?:です(?:が|けど|ので)?|でございます|と(?:申|もう)します|と(?:言|い)います|っていいます|と申す者です|といいまして)?[。．.、!！\s]*$"
)


_MORE_THAN_NAME = re.compile(r"[ 　]*[、,/／・][ 　]*(?=[0-9０-９]|男|女|[♂♀])")


def _trimmed(item: str, value: str) -> str:
    """Without the です of a sentence: 名前は楓です。 is 楓. A content is left as it was written."""
    if item == "content":
        return value.strip()
    value = value.strip()[:_VALUE_MAX]
    if item not in _PROSE:
        return value
    if item == "name" and (more := _MORE_THAN_NAME.search(value)) and more.start():
        value = value[: more.start()].rstrip()  # 名前はさちこ、女、25、岩手です
    return value[: match.start()] if (match := _COPULA.search(value)) and match.start() else value


_SENDER = re.compile(r"\W*(?:差出人|送信者)")
_ADDRESS = re.compile(r"<[^<>]*>|[^\s<>()]*@[^\s<>()]*|[(（].*")


def _from_labels(text: str, words: Vocabulary, wanted: set[str]) -> tuple[dict[str, str], list[Labelled]]:
    found: dict[str, str] = {}
    entries = labelled(without_signature(text), words)
    for entry in entries:
        for item, value in _shared(entry).items():
            if item in wanted and item not in found and _present(item, value):
                found[item] = _trimmed(item, value)
    if "name" in wanted and "name" not in found:
        for entry in entries:  # 差出人: 花子 <hanako@…>, in what a form sends
            if _SENDER.match(text, entry.start) and (name := _ADDRESS.sub("", entry.value).strip(" \u3000\"'")):
                found["name"] = name
                break
    return found, entries


_MUCH = 150  # characters beside the particulars: there is a content, no need to look how much of it is courtesy


def _much_told(head: str, entries: Sequence[Labelled]) -> bool:
    particulars = sum(entry.value_end - entry.start for entry in entries if entry.items != ("content",))
    return len(head) - particulars >= _MUCH


_LINE_BULLET = re.compile("^[ ]*[〇○◯●■□◆◇▼▽◎][ ]?", re.M)
_BULLET_SIGN = re.compile("[〇○◯●■□◆◇▼▽◎]")
_NUMBER_SIGN = re.compile("[2２][.):、]|②")
_SEEN = re.compile(r"[^\n]+")


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _unlabelled(wide: str, head: str, entries: Sequence[Labelled]) -> str:
    """The text with labels, values that are none, and bullets as spaces: no word of them is read as prose."""
    pieces: list[str] = []
    at = 0
    for entry in entries:
        until = entry.value_start
        if entry.value and not any(_present(item, entry.value) for item in entry.items if item):
            until = until if _SENDER.match(head, entry.start) else max(until, entry.value_end)
        start, until = max(entry.start, at), min(until, len(wide))
        if start < until:
            pieces += (wide[at:start], _SEEN.sub(_blank, wide[start:until]))
            at = until
    own = "".join(pieces) + wide[at:]
    if _BULLET_SIGN.search(own):
        own = _LINE_BULLET.sub(_blank, own)
    if _NUMBER_SIGN.search(own) and len(_LINE_NUMBER.findall(own)) >= 3:
        own = _LINE_NUMBER.sub(_blank, own)
    return own


_LINE_NUMBER = re.compile(r"^[ ]*(?:[(]?\d{1,2}[.):、](?!\d)|[①-⑳])[ ]*", re.M)
_DECORATION = re.compile("[♡♥☆★♪]")  # as good as a full stop: ゆきです♪21歳♪


def find(text: str, items: Sequence[ItemSpec], *, subject: str = "", from_name: str = "") -> dict[str, str]:
    """The items that stand in a client's own text, each with its value as written (trimmed). Never raises.

    Labels first, prose for what is still missing. A refusal is a value. ``subject`` is read as prose; ``from_name``
    helps to know a closing line for a signature, and is no answer by itself.
    """
    body = text.replace("\r\n", "\n").replace("\r", "\n")
    head = body[:_LIMIT]
    wanted = {spec.item for spec in items}
    words = vocabulary(tuple((spec.item, tuple(spec.labels)) for spec in items))
    found, entries = _from_labels(head, words, wanted)
    if wanted <= found.keys():
        return {spec.item: found[spec.item] for spec in items}  # labels told all: prose has nothing to add
    much = _much_told(head, entries)
    if much and wanted - {"content"} <= found.keys():
        particulars = [(e.value_start, e.value_end) for e in entries if not _present("content", e.value)]
        if content := content_of(body, WIDTH(head) + body[_LIMIT:], entries, particulars, subject):
            found["content"] = content
            return {spec.item: found[spec.item] for spec in items if spec.item in found}
    prose = head if not subject.strip() else f"{head}\n\n{subject.strip()}"
    wide = WIDTH(prose)
    # blank a label that has a value of its own, so that its words are not read as prose, keeping every offset
    own = _unlabelled(wide, head, entries)
    spans: dict[str, tuple[int, int]] = {}
    bare, runs = listed(own), clustered(own)
    own = _DECORATION.sub("。", own)
    for item in _PROSE:
        if (item in found and (much or item == "name")) or (much and item not in wanted):
            continue  # where it is told once more makes no difference to what is the content
        span = recognise(item, own) or {**bare, **runs}.get(item)
        if span is None and item == "name":
            span = signature(own[: len(head)]) or _signed(own[: len(head)], from_name) or alone(own)
        if span is not None and item == "name" and _no_name(_trimmed(item, prose[slice(*span)]), span[0] >= len(head)):
            span = None  # a subject line, or what somebody feels or does: to be called that would hurt
        if span is not None and item == "name" and prose[max(span[0] - 1, 0) : span[1]] == "生まれ":
            span = None  # 1975年生まれです
        if span is None and item == "name" and len(prose) > len(head):
            at = len(head) + 2
            if in_subject := named_in_subject(wide[at:]):
                span = in_subject[0] + at, in_subject[1] + at
        if span is not None:
            spans[item] = span
            if item in wanted and item not in found and prose[slice(*span)].strip():
                found[item] = _trimmed(item, prose[slice(*span)])
    if "content" in wanted and "content" not in found:
        told = [*spans.values(), *((e.value_start, e.value_end) for e in entries if not _present("content", e.value))]
        content = content_of(body, wide[: len(head)] + body[_LIMIT:], entries, told, subject)
        if content:
            found["content"] = content
    return {spec.item: found[spec.item] for spec in items if spec.item in found}


_NO_NAME = re.compile(
    r"(?:[にりきえべせてしみ]たい|ほしい|欲しい|つらい|辛い|疲れた|しんどい|たく(?:ない)?|ました)$"
    r"|^(?:無題|件名なし|学生|会社員|主婦|無職|社会人|アルバイト|フリーター|相談|助けて.*|死に.*)$"
)


def _no_name(value: str, in_subject: bool) -> bool:
    return in_subject or _NO_NAME.search(value) is not None


def _signed(wide: str, from_name: str) -> tuple[int, int] | None:
    """The sender's display name, or a part of it, as a line of its own."""
    names = {part for part in [from_name.strip(), *from_name.split()] if len(part) > 1}
    for line in reversed(list(re.finditer(r"[^\n]+", wide))[-4:]):
        if line[0].strip() in names:
            return line.span()
    return None


def missing(found: Mapping[str, str], items: Sequence[ItemSpec]) -> tuple[str, ...]:
    """What has to be asked for, in the desk's order; a missing region alone is never asked for (rules I1)."""
    lacking = tuple(dict.fromkeys(spec.item for spec in items if spec.item not in found))
    return () if lacking == ("region",) else lacking


def as_kept(item: str, value: str) -> str:
    """What a case keeps of an item. Of a content its beginning: all of it stands in the mail that told it, and a copy
    would be written, read and sealed once more with every turn."""
    return value if item != "content" or len(value) <= _CONTENT_KEPT else f"{value[:_CONTENT_KEPT].rstrip()}…"


_CONTENT_KEPT = 60  # characters
_ANONYMOUS = re.compile(
    r"匿名|無回答|回答(?:し|を控|拒否|なし)|答え(?:たく|ま|られ)|[言い]いたく|言えま|教え(?:ま|たく|られ)|秘密|ひみつ|ヒミツ|秘し|内緒|ないしょ|非公開|伏せ|書(?:きたく|けま|かなく)|名無し|ななし|"
    r"なし$|無し$|ありません|控え|明かせ|名乗れ|anonym|prefer not|rather not|no name|secret|n/a|none",
    re.I,
)


def chosen_name(found: Mapping[str, str], from_name: str = "") -> str | None:
    """The name that counselors see: one line, no control or invisible characters, at most 40; a refusal is 匿名."""
    for raw in (found.get("name", ""), from_name):
        shown = raw
        if not raw.isprintable():  # what is printable holds nothing of these but the usual blank
            shown = "".join(
                c if unicodedata.category(c)[0] not in "CZ" else " " for c in raw if unicodedata.category(c) != "Cf"
            )
        shown = " ".join(shown.split())
        if not shown:
            continue
        if raw is not from_name and _ANONYMOUS.search(shown):
            return "匿名"
        if "@" in shown and raw is from_name:
            continue  # a display name that is an address would give the client away (rules P1)
        return shown[:40].rstrip()
    return None
