"""What a client's first mail tells: the required items, company and proxies (rules I1, I2). Presence, never a format."""

# ruff: noqa: E501
# Patterns and word lists are read whole, and ruff counts a kanji as two columns.
from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from maild.desk.intake_cluster import alone, clustered
from maild.desk.intake_content import content_of
from maild.desk.intake_form import parse_form
from maild.desk.intake_labels import WIDTH, Labelled, Vocabulary, labelled, vocabulary
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
_BOTH_SEXES = re.compile(
    r"[\s/・,、|()（）□☐]*(?:男性?|男の子|女性?|その他|回答しない|無回答|どちらでもない|未選択|or|[\s/・,、|()（）□☐])+",
    re.I,
)
_NOTHING_TOLD = re.compile(r"(?:特に)ありません[。]?|テスト(?:送信|メール|です)*[。]?")
_MARKED = re.compile(r"[(（](?:男性?|女性?)[)）]|[○◯〇●◎☑✓✔レ■◉⦿]|\(\s*[xX○レv]\s*\)|\[[xX]\]")
_REGION_BLANK = re.compile(r"[\s・/、,|_\-]*(?:(?:都道府県|都|道|府|県|市区町村|市町村|市|区|町|村)[\s・/、,|_\-]*)+")
_REGION_BOTH = re.compile(r"[\s(（]*県内[\s・/、,|]*(?:or|か)?[\s]*県外[\s)）]*|[\s(（]*県外[\s・/、,|]*県内[\s)）]*")
_AGE_BLANK = re.compile(r"[\s_満]*(?:歳|才|代|さい)?[\s_]*")


def _present(item: str, value: str) -> bool:
    wide = WIDTH(value)
    if not wide.strip() or _BLANK.fullmatch(wide) or _HINT.fullmatch(wide.strip("()（） ")):
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


def _trimmed(item: str, value: str) -> str:
    """Without the です of a sentence: 名前は楓です。 is 楓. A content is left as it was written."""
    if item == "content":
        return value.strip()
    value = value.strip()[:_VALUE_MAX]
    if item not in _PROSE:
        return value
    return value[: match.start()] if (match := _COPULA.search(value)) and match.start() else value


def _from_labels(text: str, words: Vocabulary, wanted: set[str]) -> tuple[dict[str, str], list[Labelled]]:
    found: dict[str, str] = {}
    entries = labelled(without_signature(text), words)
    for entry in entries:
        for item, value in _shared(entry).items():
            if item in wanted and item not in found and _present(item, value):
                found[item] = _trimmed(item, value)
    return found, entries


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
    prose = head if not subject.strip() else f"{head}\n\n{subject.strip()}"
    wide = WIDTH(prose)
    # blank a label that has a value of its own, so that its words are not read as prose, keeping every offset
    chars = list(wide)
    blanked: dict[str, bool] = {}
    for entry in entries:
        for at in range(entry.start, min(entry.value_start, len(chars))):
            if chars[at] != "\n":
                chars[at] = " "
        for item in entry.items:
            blanked[item] = True
        if entry.value and not any(_present(item, entry.value) for item in entry.items if item):
            for at in range(entry.value_start, min(entry.value_end, len(chars))):
                if chars[at] != "\n":
                    chars[at] = " "
    own = "".join(chars)
    spans: dict[str, tuple[int, int]] = {}
    bare, runs = listed(own), clustered(own)
    for item in _PROSE:
        span = recognise(item, own) or {**bare, **runs}.get(item)
        if span is None and item == "name":
            span = signature(own) or _signed(own, from_name) or alone(own)
        if span is not None and item == "name" and _no_name(_trimmed(item, prose[slice(*span)]), span[0] >= len(head)):
            span = None  # a subject line, or what somebody feels or does: to be called that would hurt
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


_COMPANIONS = (
    ("代理", r"代理(?!店|業|出産|戦争|人(?:業|店)|販売|権|公告|母|購入|教員|講師|の先生)"),
    (
        "代わりに",
        r"(?:息子|娘|母|父|親|夫|妻|主人|旦那|兄|弟|姉|妹|友人|友達|本人|子ども|子供|孫|彼|彼女|祖父|祖母|家族|知人|利用者|生徒)(?:さん|ちゃん|くん|君|様)?(?:の|に)(?:代わり|かわり|替わり)",
    ),
    (
        "代わりに",
        r"(?:本人|当人)に(?:代わ|かわ)|代筆|代行して(?:申|予約|書|メール|相談|連絡)|(?:本人|息子|娘|母|父|夫|妻)から頼まれ",
    ),
    ("同席", r"同席(?!した(?:上司|同僚|客|人)|の(?:上司|同僚|客)|していた|させられ|することが(?:多|あり))"),
    ("付き添い", r"(?:付き?添い?|つきそい|つき添い)(?!の仕事|の(?:アルバイト|バイト|業務))"),
    (
        "付き添い",
        r"(?:付き?添って|つきそって|一緒に(?:行って|伺って|行き|伺い|参加|聞いて|話を聞)|(?:母|父|親|夫|妻|友人|友達|支援者|家族|娘|息子|先生|保護者|彼|彼女|ヘルパー|相談員|ケースワーカー)(?:さん)?(?:と|も)(?:一緒|いっしょ|二人|ふたり)(?:に|で)?(?:行|伺|来|参加|受|相談|お?話|でも))",
    ),
    ("通訳", r"(?:手話)?通訳(?!(?:の(?:仕事|資格|学校|勉強)|案内士|者?になり|として働|業|学校|ガイド))"),
    (
        "保護者",
        r"保護者(?:が|も|と|の)(?:同伴|同行|参加|立ち会|一緒)|同伴|(?:母|父|親|家族|友人|支援者|ヘルパー)(?:が|も|と|の)同行|立ち会(?:い|って)",
    ),
    (
        "on behalf of",
        r"\bon behalf of my\b|\b(?:writing|asking|booking|applying) for my (?:son|daughter|mother|father|husband|wife|friend|brother|sister|child)\b",
    ),
    ("interpreter", r"\b(?:with|bring|have|need|bringing) (?:an? |my )?interpreter\b"),
    (
        "accompany",
        r"\b(?:accompan(?:y|ied|ies|ying) (?:me|by)|come with me|join me|bring my (?:mother|father|friend|husband|wife))\b",
    ),
)
# In every match of a pattern above stands one of these, whatever its case: no i, k or s, which have odd capitals.
_COMPANY_SIGN = re.compile(
    "代|替|かわ|から頼まれ|同[席伴行]|添|つきそ|一緒|いっしょ|二人|ふたり|通訳|保護者|立ち会|half of my|for my|rpreter"
    "|accompan|th me|n me|ng my"
)
_WIDE_LETTER = re.compile("[ａ-ｚ]")
_NO_COMPANY = re.compile(
    r"(?:会議|打ち合わせ|商談|食事会|飲み会|宴会|披露宴|面談室|会食|上司)[^。\n]{0,8}同席|同席(?:する|した)(?:会議|商談)|(?:子|親|患者|病院|通院)[^。\n]{0,4}付き?添い(?:で|のため)[^。\n]{0,6}(?:休|仕事を|欠勤|退職|早退)|(?:仕事|会社|業務|店|職場)[^。\n]{0,6}(?:代理|同行|通訳)"
)


def companions(text: str) -> tuple[str, ...]:
    """Words of a proxy or of company that flag the notice (rules I2), canonical; idioms and other people's stories aside."""
    folded = text[:_LIMIT].casefold()
    if not _COMPANY_SIGN.search(folded) and not _WIDE_LETTER.search(folded):
        return ()
    wide = WIDTH(text)[:_LIMIT]
    idle = [m.span() for m in _NO_COMPANY.finditer(wide)]
    found = []
    for word, pattern in _COMPANIONS:
        for match in re.finditer(pattern, wide, re.I):
            if not any(start <= match.start() < end for start, end in idle):
                found.append(word)
                break
    return tuple(dict.fromkeys(found))


_ANONYMOUS = re.compile(
    r"匿名|無回答|回答(?:し|を控|拒否|なし)|答え(?:たく|ま|られ)|[言い]いたく|言えま|教え(?:ま|たく|られ)|秘密|ひみつ|ヒミツ|秘し|内緒|ないしょ|非公開|伏せ|書(?:きたく|けま|かなく)|名無し|ななし|"
    r"なし$|無し$|ありません|控え|明かせ|名乗れ|anonym|prefer not|rather not|no name|secret|n/a|none",
    re.I,
)


def chosen_name(found: Mapping[str, str], from_name: str = "") -> str | None:
    """The name that counselors see: one line, no control or invisible characters, at most 40; a refusal is 匿名."""
    for raw in (found.get("name", ""), from_name):
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
