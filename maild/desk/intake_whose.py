"""Whose particulars are these: the writer's own, or somebody else's of whom the mail tells (rules I2)."""

# ruff: noqa: E501
# Patterns and word lists are read whole, and ruff counts a kanji as two columns.
from __future__ import annotations

import re

_OTHER = (
    "息子|むすこ|娘|むすめ|長男|次男|三男|長女|次女|三女|父|母|両親|親(?!友)|親友|夫(?!婦)|主人|旦那|妻|家内|嫁|兄|弟|姉|妹|祖父|祖母|孫|甥|姪|叔父|叔母|伯父|伯母|上司|同僚|先輩|後輩|部下|店長|社長|"
    "友人|友達|ともだち|彼氏|元彼|元カレ|元カノ|彼女|彼|恋人|先生|担当者|お客|相手|子ども|子供|こども|いとこ|義父|義母|義兄|義姉|義弟|義妹|知人|知り合い|婚約者|新人|"
    "son|daughter|husband|wife|mother|father|friend|boss|manager|brother|sister|boyfriend|girlfriend|partner|parents?|coworker|colleague"
)
# of these something is told as well, but a client may be one: 32歳ママです
_BEFORE = (
    f"{_OTHER}|ママ|パパ|部長|課長|教授|担任|コーチ|隣人|舅|姑|ばあちゃん|じいちゃん|おばあさん|おじいさん|mom|mum|dad"
)
SEX = r"(?:おば(?:さん|ちゃん)|おじ(?:さん|ちゃん)|おっさん|爺(?:さん)?|婆(?:さん)?|じいさん|ばあさん|女性|女子(?:高生|大生|中学生|学生|生徒)?|女の子|女の人|女|おんな|ぉんな|オンナ|おなご|オナゴ|男性|男子(?:高生|大生|中学生|学生|生徒)?|男の子|男の人|男|おとこ|オトコ|♀|♂)"
_SELF = r"(?:私|わたし|わたくし|あたし|うち|僕|ぼく|ボク|俺|おれ|オレ|自分|当方|わし|ワシ)"
_TITLE = r"(?:さん|ちゃん|くん|君|様|の人|たち|のほう|の方)?"
_SAID_OF = re.compile(
    rf"(?:(?:{_BEFORE}){_TITLE}|(?:女|男)(?:の[子人方]|性))(?:は|が|も|って|の年齢は|の歳は|,? (?:is|was))[^私僕俺。]{{0,12}}$",
    re.I,
)
_OTHER_BEFORE = re.compile(
    rf"(?:{_BEFORE}){_TITLE}(?:の(?:男性?|女性?)(?:の[子人])?)?[ ]?(?:[(（][^()（）]{{0,8}})?$", re.I
)
_OTHERS_KIND = re.compile(rf"(?:{_BEFORE})の$")
_SEX_WORD = re.compile(SEX)
_SELF_BEFORE = re.compile(rf"{_SELF}[^、]{{0,3}}$")
_OTHER_AFTER = re.compile(
    rf"[ ]?(?:[、・,(（/]?{SEX})?[)）]?(?:(?:に|を|の誕生日を)(?:なる|なった|迎える|迎えた|過ぎた|過ぎる)|くらい|ぐらい)?(?:の(?:[^\s、。でにがはを]{{1,5}}の)?)?(?:{_OTHER}|(?<=の)子(?=[をがもとには、]))(?!(?:親|です|で、|でございます|をして|として|や))",
    re.I,
)
_PARENT_AFTER = re.compile(r"[ ]?(?:代)?の?(?:母親|父親|母です|父です|母でござ|主婦)")
_NOBODY_AFTER = re.compile(
    r"(?:以上|以下|未満|まで|から(?:応募|利用|でも)|になったら|制限|のとき|の時|の頃|のころ|前後の人|向け|(?:くらい|ぐらい|前後)?の[方人](?=が|で、|に|は|を|と|から))"
)
# 小6の担任をしています, 90歳の女性を担当しています: somebody whom the writer has to do with
_OBJECT_AFTER = re.compile(
    rf"(?:の?{SEX})?(?:の?(?:担任|生徒|児童|クラス|授業|担当|患者|利用者|入居者|お客|客)|(?:を|に)(?:担当|介護|指導|教え|受け持|相手|好き|恋|片思い))"
)
_BRACKET = re.compile(r"[(（]([^()（）\n]*)$")


# 姉は35歳で独身、東京に…: whom a sentence is about, until somebody else is named
_TOPIC = re.compile(
    rf"(?:^|[。\n!?])[^。\n!?、は]{{0,6}}?(?:{_BEFORE}){_TITLE}(?:の子)?[はも](?![^。\n!?]*{_SELF})[^。\n!?]*(?<!が)(?<!けど)(?<!けれど)(?<!ので)(?<!から)(?<!のに)(?<!ため)(?<!たら)(?<!と)、[^。\n!?、]{{0,12}}$"
)


_ABOUT = re.compile(rf"(?:{_OTHER}){_TITLE}の(?:こと|件)で(?:す|の?ご?相談|、|お)")


def _clause(text: str, at: int) -> str:
    """What stands before in the same clause."""
    head = text[max(0, at - 40) : at]
    return re.split(r"[。\n!?、,]", head)[-1]


def of_another_there(text: str, start: int) -> bool:
    """Within brackets that follow another person: 娘の彼氏（28歳、男、大阪在住）."""
    head = text[max(0, start - 40) : start]
    bracket = _BRACKET.search(head)
    return bracket is not None and _said_before(head[: bracket.start()])


def _said_before(head: str) -> bool:
    return bool(_OTHER_BEFORE.search(head)) and not _SELF_BEFORE.search(head)


def _topic(text: str, start: int) -> bool:
    # a mail for somebody (息子のことでご相談です) tells that person's particulars
    return _TOPIC.search(text[max(0, start - 60) : start]) is not None and not _ABOUT.search(text, 0, start)


def of_another(text: str, start: int, end: int) -> bool:
    """Is this said of somebody else: 上司が40歳, 同僚(女性・30歳), 24歳の息子, 母は55歳."""
    head = _clause(text, start)
    if _SAID_OF.search(head) or _said_before(head) or of_another_there(text, start) or _topic(text, start):
        return True
    if _OTHERS_KIND.search(head) and _SEX_WORD.fullmatch(text, start, end):
        return True  # 部下の男性（26歳）
    tail = text[end : end + 12]
    if _OTHER_AFTER.match(tail):
        return not _PARENT_AFTER.match(tail)
    return bool(_NOBODY_AFTER.match(tail) or _OBJECT_AFTER.match(tail))


def lives_elsewhere(text: str, start: int) -> bool:
    """彼は32歳で横浜に住んでいます: who lives there is not the writer."""
    return _SAID_OF.search(_clause(text, start)) is not None or of_another_there(text, start) or _topic(text, start)
