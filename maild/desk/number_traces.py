"""Numbers in a reply (rule P5): those of other cases, and the phones of counselors."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from maild.desk.folded import fold_word
from maild.desk.name_context import Page, Trace

# -- cases -------------------------------------------------------------------------------------------------------------

_SPACE = r"[\s\u3000]{0,3}"
_KANJI_DIGITS = {character: value for value, character in enumerate("〇一二三四五六七八九")} | {"零": 0}
_TENS = {"十": 10, "百": 100, "千": 1000}
_NUMBER = r"(\d{1,9}(?!\d)|[〇零一二三四五六七八九十百千]{1,9}(?![〇零一二三四五六七八九十百千万]))"
_NO = rf"{_SPACE}(?:no\.?|番号|番|[#:はの第]){{0,1}}{_SPACE}(?:no\.?|[#:第]){{0,1}}{_SPACE}"
_WHO = (
    r"の?(?:方(?![法向針面言々])|かた(?!ち)|人(?![気生間数目])|相談者|ご?相談(?!窓|所)|件(?![名数])|受付|けーす|さん|様(?![式子々])|さま"
    r"|お?便り|お?手紙|めーる)"
)
# The tag as maild prints it, or words that say so.
_CASE = re.compile(
    r"(?:受付(?:番号)?|受け付け(?:番号)?|受理番号|相談(?:者|受付)?番号|(?:管理|整理|案件|事例|登録|記録|(?:お?問い?合わ?せ)|かるて)番号"
    rf"|けーす(?:番号)?|案件|事例|\bref|\bcase|\[no\.?|\[(?=#)){_NO}{_NUMBER}"
)
_LOOSE_CASE = re.compile(rf"相談{_SPACE}(?:no\.?|[#:]|第)?{_SPACE}(\d{{1,9}})(?!\d)")
_NUMBERED = re.compile(rf"(?<![\d\-:.,/])(?:第{_SPACE})?{_NUMBER}{_SPACE}(?:番|号)(?:目の(?=相談)|台)?{_WHO}")
_MARKED = re.compile(rf"(?:(?<![a-z])no\.?|[#№]){_SPACE}(\d{{1,9}})(?!\d)")
_WHO_BEHIND = re.compile(rf"(?:番|号)?{_SPACE}{_WHO}")
_COUNTED = re.compile(
    r"[\s\u3000]{0,1}(?:[年月日時分秒回歳才人名件つ個度割倍円台階条項章頁ヶケかカ箇・,.:/~\-–ー%時週代枠室号線本枚点位]|か月|番目|番窓口|番線|まで|から\d|ぺーじ|せんち|kg|cm|km)"
)
# Short numbers of public services, which everybody may be told: #7119 ambulance advice, #8000 children, #9110 police.
_SERVICES = frozenset({110, 118, 119, 171, 188, 189, 7119, 8000, 8008, 8049, 8103, 8104, 8110, 8778, 8891, 9110, 9910})


def other_cases(page: Page, own: int, known: Collection[int] | None) -> Iterator[Trace]:
    """Numbers of other cases; ages, times, counts and prices are none. ``known``: cases there are, or None: any."""
    text = page.folded.text
    for pattern in (_CASE, _LOOSE_CASE, _NUMBERED, _MARKED):
        for hit in pattern.finditer(text):
            number = _value(hit[1])
            if number in (own, 0):
                continue
            told = bool(_WHO_BEHIND.match(text, hit.end()))
            counted = pattern is not _NUMBERED and not told and _COUNTED.match(text, hit.end())
            if counted and not ("番号" in hit[0] and text.startswith("号", hit.end())):
                continue
            if pattern is _MARKED and not told and (number < 10 or number in _SERVICES):
                continue  # No. 1 is praise
            if not hit[1].isdigit() and len(hit[1]) < 2 and (pattern is _NUMBERED or not told):
                continue  # ケース一覧, 一番の人
            if pattern is _NUMBERED and number in _SERVICES:
                continue  # 110番の方が早い
            if known is None or number in known:
                yield Trace(*hit.span())


def _value(written: str) -> int:
    """123, 百二十三 and 一二三."""
    if written.isdigit():
        return int(written)
    if not _TENS.keys() & set(written):
        return int("".join(str(_KANJI_DIGITS[one]) for one in written))
    total, digit = 0, 0
    for one in written:
        if one in _TENS:
            total += (digit or 1) * _TENS[one]
            digit = 0
        else:
            digit = digit * 10 + _KANJI_DIGITS[one]
    return total + digit


# -- phones ------------------------------------------------------------------------------------------------------------

NUMERALS = {str(digit): f"[{digit}{kanji}]" for digit, kanji in enumerate("〇一二三四五六七八九")}
NUMERALS["0"] = "[0〇零o]"
EITHER = NUMERALS | {kanji: f"[{digit}{kanji}]" for digit, kanji in enumerate("〇一二三四五六七八九")}
_BETWEEN = r"[\s\u3000\-‐-―−ーｰ–—~.・,()/_の]{0,3}"


def phones(page: Page, numbers: Iterable[str], public: Iterable[str]) -> Iterator[Trace]:
    """Phone numbers of counselors, whatever stands between the digits; the number without its area code as well."""
    open_to_all = {_digits(phone) for phone in public}
    for phone in dict.fromkeys(number for number in numbers if number):
        digits = _digits(phone)
        if len(digits) < 6 or digits in open_to_all:
            continue
        ways = [digits, "81" + digits[1:] if digits.startswith("0") else digits]
        groups = re.findall(r"\d+", fold_word(phone))
        if len(groups) == 3 and len(groups[1] + groups[2]) >= 6 and not groups[0].startswith(("0120", "0570", "0800")):
            ways.append(groups[1] + groups[2])
        for way in dict.fromkeys(ways):
            pattern = _BETWEEN.join(NUMERALS[digit] for digit in way)
            for hit in re.finditer(rf"(?<![\d\-]){pattern}(?![\d\-]\d?)", page.folded.text):
                yield Trace(*hit.span())


def _digits(phone: str) -> str:
    digits = re.sub(r"\D", "", fold_word(phone))
    return "0" + digits[2:] if fold_word(phone).startswith(("+81", "0081")) and digits.startswith("81") else digits
