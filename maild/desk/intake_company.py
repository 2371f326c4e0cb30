"""Words of a proxy or of company in a client's mail (rules I2): who writes for somebody else, who wants to bring somebody."""

# ruff: noqa: E501
# Patterns and word lists are read whole, and ruff counts a kanji as two columns.
from __future__ import annotations

import re

from maild.desk.intake_labels import WIDTH

_LIMIT = 40_000  # characters read, as for the items
_WHO = r"(?:息子|娘|母|父|親|夫|妻|主人|旦那|兄|弟|姉|妹|友人|友達|本人|当人|子ども|子供|孫|彼|彼女|祖父|祖母|家族|知人|利用者|生徒|家内|嫁|甥|姪|叔父|叔母|親戚|隣人|知り合い|同居人|パートナー|入居者|患者)(?:さん|ちゃん|くん|君|様)?"
# 母の代わりに家事をしています: what somebody does in another's place, other than writing
_IN_THEIR_PLACE = r"(?![^。\n]{0,8}(?:家事|働|出勤|出席|謝|怒|叱|責|褒|殴|跡|継|介護|世話|育て|作|払|家計|稼|され|残業|会議|仕事|店|留守|して[いる]|運転|買い物|死|なる|なれ|なり|いな|いませ))"
_WRITES = r"(?:書|メール|打|送|入力|相談|ご相談|連絡|ご連絡|お?尋ね|質問|申し?込|予約|お願い|お問い?合わせ|代筆|投稿)"
_HELPER = r"(?:母|父|親|夫|妻|友人|友達|支援者|支援員|家族|娘|息子|先生|保護者|彼|彼女|ヘルパー|相談員|ケースワーカー|介助者|兄|姉|弟|妹|主人)(?:さん|の方)?"
_COMPANIONS = (
    (
        "代理",
        r"(?<!長)(?<!主任)(?<!監督)代理(?!店|業|出産|戦争|人(?:業|店)|販売|権|公告|母|購入|教員|講師|の先生|で(?:出|会議|仕事|営業|謝|参加した))",
    ),
    ("代わりに", rf"{_WHO}(?:の|に)(?:代わ|かわ|替わ)(?:りに(?![はも])|って|りまして|り、){_IN_THEIR_PLACE}"),
    (
        "代わりに",
        rf"代筆|代読|代行して(?:申|予約|書|メール|相談|連絡)|(?:代わりに|代わって|かわりに|かわって){_WRITES}|{_WHO}(?:から|に)頼まれて?[^。\n]{{0,6}}{_WRITES}|(?:本人|当人|{_WHO})の(?:了解|了承|同意|承諾)を(?:得て|もらって|とって|取って)|{_WHO}(?:に|が)(?:日本語に|代わりに)?(?:打|書|入力|翻訳|訳)(?:って|いて|して)(?:もら|くれてい)[^。\n]{{0,3}}ま",
    ),
    (
        "同席",
        r"同席(?!した(?:上司|同僚|客|人|部長|課長|先輩)|の(?:上司|同僚|客)|していた|させられ|したくな|すること(?:が|も)(?:多|あり)|する(?:機会|の(?:が|は)(?:嫌|苦|怖)))",
    ),
    (
        "付き添い",
        r"(?>付き?添い|つきそい|つき添い)(?!の(?:お?仕事|アルバイト|バイト|パート|業務)|登校|入院|で(?:行っ|来た|休))",
    ),
    (
        "付き添い",
        rf"(?:付き?添って|つきそって|一緒に(?:行って(?:も|いい|くれ)|伺って|行き(?!まし)|伺い|参加(?!した(?!い)|し、)|(?:話を)?聞(?!いてくれ|い(?:た|てほ)))|{_HELPER}(?:と|も)(?:一緒|いっしょ|二人|ふたり)(?:に|で)?(?:行(?!った|きまし|く予定が)|伺|来(?!た|まし)|参加(?!した(?!い)|し、|しまし)|受け(?!た|まし)|相談|お?話(?!し(?:た|て))|でも))",
    ),
    ("付き添い", r"夫婦(?:二人|ふたり)?で[^。\n]{0,6}(?:伺|参加(?!した(?!い))|受け(?!た))"),
    ("付き添い", rf"{_HELPER}(?:も|が)(?:隣|横|そば)(?:に|で)[^。\n]{{0,6}}(?:書|打|見て)"),
    (
        "通訳",
        r"(?:手話)?通訳(?!(?:の(?:お?仕事|資格|学校|勉強|試験)|案内士|者?(?:になり|をして|を目指)|として働|業|学校|ガイド))",
    ),
    (
        "保護者",
        rf"保護者(?:が|も|と|の)(?:同伴|同行|参加|立ち会|一緒)|同伴|{_HELPER}(?:が|も|と|の|に)同行|立ち会(?:い|って)",
    ),
    (
        "on behalf of",
        r"\bon behalf of my\b|\b(?:writing|asking|booking|applying) for my (?:son|daughter|mother|father|husband|wife|friend|brother|sister|child)\b|\basked me to (?:write|contact|e-?mail|book|ask)\b|\bwrit(?:e|ing) this for (?:her|him|them)\b",
    ),
    (
        "interpreter",
        r"(?<!work )(?<!worked )(?<!working )\b(?:with|bring|have|need|bringing) (?:an? |my )?interpreter\b|\bmy interpreter (?:come|join|be)",
    ),
    (
        "accompany",
        r"\b(?:accompan(?:y|ied|ies|ying) (?:me|by)|come with me|join me|bring my (?:mother|father|friend|husband|wife))\b",
    ),
)
# In every match of a pattern above stands one of these, whatever its case: no i, k or s, which have odd capitals. No
# alternative begins with a class: then the search looks at the first characters alone.
_COMPANY_SIGN = re.compile(
    "代[理わ筆読行り]|替|かわ|頼まれ|同[席伴行]|了[解承]|同意|承諾|添|つきそ|一緒|いっしょ|二人|ふたり|通訳|保護者|夫婦[で二ふ]|立ち会|隣[にで]|横[にで]|そば[にで]|打って|訳して|訳も|入力して|書いても|書いてく"
    "|half of my|for my|rpreter|accompan|th me|n me|ng my|ed me to|for h|for them"
)
_WIDE_LETTER = re.compile("[ａ-ｚ]")
_NO_COMPANY = re.compile(
    r"(?:結婚式|葬儀|会議|打ち合わせ|商談|食事会|飲み会|宴会|披露宴|面談室|会食|上司)[^。\n]{0,8}同席|同席(?:する|した)(?:会議|商談)|(?:入院|通院|病院|手術|検査|登校|受診)[^。\n]{0,8}付き?添|(?:子|親|患者)[^。\n]{0,4}付き?添い(?:で|のため)[^。\n]{0,6}(?:休|仕事を|欠勤|退職|早退)|(?:仕事|会社|業務|店|職場|出張|営業)[^。\n]{0,6}(?:代理|同行|通訳)"
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
