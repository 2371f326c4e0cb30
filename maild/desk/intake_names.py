"""By which name a client goes, as it is told in prose (rules I2). A word that is no name must not be taken for one."""

# ruff: noqa: E501
# Patterns and word lists are read whole, and ruff counts a kanji as two columns.
from __future__ import annotations

import re
from functools import cache

from maild.desk.intake_whose import SEX
from maild.desk.intake_words import AGED, GRADE, NUM, PLACE, SELF, Found, first, place_possible
from maild.desk.places import JAPANESE, PREFECTURES
from maild.desk.readings import given_names, surnames, to_katakana

_NOT_NAME = re.compile(
    r"(?:歳|才|代$|性$|^男|^女|相談|質問|初めて|はじめて|会社|学生|大学|高校|中学|主婦|無職|社員|パート|バイト|フリーター|ニート|公務員|看護|介護|在住|住み|出身|県|市$|...町$|...村$|区$|者$|もの$|(?<!緒)方$|人$|"
    r"(?<!ま)こと(?![みりねえは])|よと$|生徒|しごと|そうだん|ため|件|以上|お願い|よろしく|ありがと|不安|心配|つらい|辛い|仕事|就職|転職|悩|困|です|ます|ない|こんに|こんば|はじめ|おはよ|失礼|お世話|本当|今(?![村井田野泉西川枝関岡津])|昨日|明日|今日|母親|父親|母$|父$|長男|長女|独身|既婚|"
    r"限界|無理|ダメ|だめ|大丈夫|元気|別|普通|同じ|必要|可能|初めて|再度|先日|前回|返信|お返事|件名|下記|以下|上記|希望|面接|履歴書|様$|御中|担当|名前|性別|年齢|住まい|内容|氏名|[■◆●▼【】]|iphone|android|http|@|[?？!！。(（]|regards|thank|hello|sincerely|mother|father|old|years|から$|からです|アラ(?:サー|フォー|フィフ|カン)|[男女]$|就活|全滅|退職|離職|休職|復職|失業|残業|借金|人間関係|内定|応募|正社員|夜勤|給料|契約|不眠|鬱|事務|営業|接客|製造|保育|調理|販売|清掃|警備|職員|自営|浪人|留年|中退|既読|追伸|本文|(?:息子|娘|弟|妹|兄|姉|父|母|夫|妻|祖父|祖母|孫|同僚|上司|友人|友達|先輩|後輩|彼氏|彼女|主人|旦那)$|^my$|galaxy|\d|OL$|[女学大校高中人院験年修]生$|[でをにが](?:働|住|暮|通|勤|[いあなす]る)|[父母兄姉奥皆娘]さん|みなさん|たくさん|お[ばじ]さん|童貞|処女|妊婦|バツイチ|シンママ|シングル|ゲイ$|レズ|[男女]子$|^[子人方]$|(?:[しなくすずぽどご]い|(?<=[ぁ-ん])たい)$|[一-龥ァ-ヶ]は.|を|[一-龥]が[一-龥]|[ぁ-ん一-龥]て[一-龥]|[づつにや][らくす]い$|^.+[^か](?:なし|無し)$|^(?:とき|ころ|まま|ほう|あと|の?分|[前後時頃])$|^(?:シニ|キエ|タスケ|ツラ|シンド|モウ|ムリ|ゴメン|サンキュー|アリガト)|だけ$|[一-龥]{3}中$|赴任|通院|入院|求職)",
    re.I,
)
_NAME = r"[^\s、。,.!！?？「」『』()（）:：/／・]{1,12}"


PROXY_KIN = r"(?:息子|娘|妹|弟|兄|姉|母|父|夫|妻|孫|長男|次男|長女|次女|主人|旦那)(?:・[^\s、。(（]{1,8})?"
_GREETING = r"(?:はじめまして|初めまして|こんにちは|こんにちわ|こんばんは|こんばんわ|おはようございます|お世話に(?:なり|なって(?:おり|い)|なる)ます|お世話様です|失礼(?:し|いたし)ます|突然すみません|どうも|hello|hi|dear[^\n]{0,20})[、。!！,. \n]*"
_NAMES = (
    (
        r"(?:「|『)([^「」『』\n]{1,12})(?:」|』)(?:と|で)(?:させ|お願|呼ん|お呼|よん|いいます|申し|名乗|して(?:く|お))",
        1,
        ("「", "『"),
    ),
    (
        r"(?:ニックネーム|ペンネーム|ハンドルネーム|ハンドル|HN|仮名|偽名|あだ名|呼び名)(?:で|は|が|を|:|、|,|[ ])+「?(?!す[。、が])([^\s、。,「」のをが]{1,12}?)(?:」|です|と(?:申|いい|お呼|呼|さ)|で(?:お願|す|。|、)|に(?:し|さ)|[。、\s]|$)",
        1,
        ("ネーム", "ハンドル", "HN", "Hn", "hn", "仮名", "偽名", "あだ名", "呼び名"),
    ),
    (rf"(?:^|[。、\s])({_NAME}?)(?:いいます|言います|言いますねん|だす)[。、]", 1, ("いいます", "言います", "だす")),
    (r"^@([A-Za-z0-9_]{2,20})", 1),
    (
        rf"(?:^|[。!]\s*)(?:{SELF})は(?!(?:バカ|ダメ|ブス|デブ|ゲイ|レズ|バイ|オタク|ハーフ|クズ|ゴミ|ニート|フリーター|ひとり|ふたり|いま|もう|まだ|どう))([ァ-ヶー]{{2,6}})(?:です|だよ|だ)?[。!\n]",
        1,
    ),
    (rf"{PROXY_KIN}の([一-龥々ぁ-んァ-ヶー]{{1,8}})、(?={NUM})", 1),
    (rf"({_NAME}?)、と(?:申し|もうし|いいます|言います)", 1, ("、と",)),
    (r"^>[^\n]*名前[^\n]*\n+[ ]*(?!>)([^\s>、。]{1,12})(?:です)?[。 ]*$", 1),
    (r"(?:息子|娘|妹|弟|兄|姉|母|父|夫|妻|孫|長男|次男|長女|次女|主人|旦那)・([^\s、。,()（）・]{1,8})(?=[(（])", 1),
    (r"(?:息子|娘|妹|弟|兄|姉|母|父|夫|妻|孫|長男|次男|長女|次女)[(（]([一-龥々ぁ-んァ-ヶー]{1,8})[ 、・,](?=\d)", 1),
    (r"(?:父|母|兄|姉|夫|妻)[・ ]([一-龥々]{1,4})[ ]*$", 1),
    (
        r"\A\s*([一-龥々ぁ-んァ-ヶーA-Za-z]{1,8}?)(?:です|と申します|といいます|っす|だよ|じゃ|や|やで|(?<!や)ばい|だに|だべ|だす|どす|でーす|だっちゃ)[。、!！\n(…~]",
        1,
    ),
    (r"^[ ]*(?:[━─=\-*_~]{3,}|--)[ ]*\n[ ]*([一-龥々]{1,4}(?:[ ]?[一-龥々ぁ-んァ-ヶー]{1,4})?)[ ]*$", 1),
    (
        r"[ぁ-ん、。\s]([一-龥]{1,4}|[ァ-ヶー]{2,8})と(?:申|もうし|いいま|言いま)",
        1,
        ("と申", "ともうし", "といいま", "と言いま"),
    ),
    (
        r"(?:^|[の、,。\s]|私は)([^\s、。,のはがを\d(（]{1,10}?)[(（][^()（）\n]{1,20}[)）](?:と申|です|といい|と言い|っていい)",
        1,
        ("(",),
    ),
    (
        r"(?:^|[の、,。\s]|私は|わたしは|僕は|俺は)([^\s、。,のはがを\d]{1,10}?)と(?:申し|もうし|いいます|言います|いう者|呼んでく|よんでく|お呼びく|名乗)",
        1,
        ("と申", "ともうし", "といい", "と言い", "という", "と呼", "とよ", "とお呼", "と名乗"),
    ),
    (
        rf"({_NAME}?)(?:と|って|ていい|って言い)[ ]?(?:(?:もう)し(?:ます|まし|上)|申し|申す|いいます|いう(?:者|もの|ん|名)|言います|いい、|呼んで|よんで|お呼び|名乗|呼ばれ)",
        1,
        (
            "申し",
            "申す",
            "もうし",
            "いいます",
            "言います",
            "いう",
            "いい、",
            "呼んで",
            "よんで",
            "お呼び",
            "名乗",
            "呼ばれ",
        ),
    ),
    (
        rf"(?:お?名前|なまえ|氏名|仮名|ペンネーム|ハンドルネーム|名)(?:は|が|:|、|ァ|ぁ|ゎ)[ 「]?({_NAME}?)(?:」|です|と(?:いい|申|呼|して|言)|って|だけど|だ。|だべ|じゃ|でお願|で(?:い|す|。)|にしてく|にしま|。|、|[ ]|$)",
        1,
        ("名", "なまえ"),
    ),
    (
        r"((?:匿名|とくめい|トクメイ|仮名|名無し|ななし)(?:で(?:お願|の?相談|失礼|す|も|いい|送|質問)|希望|を希望|さん|とさせ|にて)?)",
        1,
        ("匿名", "とくめい", "トクメイ", "仮名", "名無し", "ななし"),
    ),
    (
        rf"(?:^|\n){_GREETING}(?:[^。\n]{{0,20}}?(?:に住む|在住の|に住んでいる|の(?!\w*の)|から来た))?({_NAME})です(?:[。、!！\n ]|$)",
        1,
    ),
    (rf"(?:^|[。\n、])[ ]*(?:{PLACE})(?:在住)?の({_NAME}?)です(?:[。、\n ]|$)", 1),
    (rf"(?:^|\n)[ ]*({_NAME}?)(?:です|と申)(?:[。、!！]|[ ]*$)(?=[^\n]{{0,3}}\n|$)", 1),
    (
        rf"(?:フリーター|学生|会社員|主婦|主夫|歳|才|無職|OL|パート|在住|年生|社員|公務員|ニート|バイト|男|女|女性|男性|市|県|町|区)の({_NAME}?)(?:です|っす|だよ|でございます|といい|と申)",
        1,
    ),
    (rf"(?:母|父|妻|夫|代理|担当|姉|兄|妹|弟)の({_NAME}?)です", 1),
    (rf"(?:^|\n)[ ]*({_NAME}?)より[ 。]*(?:\n|$)", 1, ("より",)),
    (rf"(?:^|\n)[ ]*({_NAME}?)から(?:の)?(?:ご?相談|質問|お便り|メール)(?:です|$)", 1, ("から",)),
    (
        rf"(?:^|[。、\n ])({_NAME}?)と(?:言う|いう|申す)(?=[^\s。、]{{0,3}}(?:{NUM}|女|男))",
        1,
        ("と言う", "という", "と申す"),
    ),
    (r"仮に([^\s、。]{1,8}?)(?:と|で)(?:します|させて|お願い|呼んで)", 1, ("仮に",)),
    (
        r"(?:my name is|my name's|call me|i am called|name is|this is|i go by|name:)[ ]+([A-Za-z][\w'-]{0,20}(?: [A-Z][\w'-]{1,20})?)",
        1,
    ),
    (r"(?:^|[.,!\n] ?)(?:hi|hello)?,? ?i(?:'m| am) ((?-i:[A-Z][a-z]{1,14}))(?=[ ,.!])(?! (?:years|from))", 1),
    (
        r"(?:regards|sincerely|thanks|thank you|cheers|yours|best|love)[,!. ]*\n+[ ]*([A-Za-z][\w .'-]{0,25})[ ]*(?:\n|$)",
        1,
    ),
    (r"。[ ]+([一-龥ぁ-んァ-ヶ]{1,6})\s*$", 1),
    (
        r"[。\n][ ]*((?!いや|だめ|むり|へん|ばか|べつ|そう|こう|ほんと|まだ|これ|それ|ここ|なぜ|ひとり|ふたり|いま|みんな|とも|どう|もう|まま|から|きり|ばらばら|いろいろ)(?:[ぁ-ん]{1,3}[こみかなきりえほのとたやまさおんく]|[ァ-ヶー]{2,5}))です。",
        1,
    ),
    (r"\n[ ]*(?:[-–—~〜]+)[ ]*([A-Za-zぁ-んァ-ヶ一-龥]{1,12})[ ]*$", 1),
)


_PLACES = frozenset(JAPANESE)
_KANA_NAME = re.compile(
    r"は(?:な(?!し|く)|る|ず|づ|つえ|つみ|や[とて]|すみ|んな|ちみつ|ち$|っぱ|むた|むこ|むすた)|に(?:ゃん|こ|な$|いな)|の(?:あ|ぞ[みむ]|どか|の|ん|り|ぶ)|も(?:え|か|こ|も|な|ね|み)|と(?:も|し|わ|う[こま])|が(?:ちゃ|く$)"
)  # はな, のぞみ, もも, ともちん: no particles


@cache
def _particulars() -> re.Pattern[str]:
    return re.compile(rf"{PLACE}|{SEX}|{SELF}|と")


def _particular(name: str) -> bool:
    return _particulars().fullmatch(name) is not None


def _opens(text: str, start: int, name: str) -> bool:
    """はまおです。 at the very top: no particle can stand there."""
    return (
        not text[:start].strip()
        and re.fullmatch(r"(?!はい|はじ|はず|はっ|はや|もう|もし|もち|もの|のに|のち)[はもの][ぁ-ん]{1,3}", name)
        is not None
    )


def real_name(text: str, start: int, end: int) -> bool:
    name = text[start:end].strip()
    if re.fullmatch(r"[一-龥]{2}", name) and name in _PLACES and name not in PREFECTURES:
        return True  # 川口, 山口 and 福島 are names as well; prefectures are taken for places
    if re.fullmatch(r"(?:匿名|とくめい|トクメイ|仮名|名無し|ななし).{0,6}", name) or _ANONYMOUS_FORM.fullmatch(name):
        return True
    return (
        bool(name)
        and not _NOT_NAME.search(name)
        and (name[0] not in "はがをにのも" or _KANA_NAME.match(name) is not None or _opens(text, start, name))
        and not _particular(name)
    )


_WORD = r"([一-龥々]{1,4}|[ぁ-ん]{2,5}|[ァ-ヶー]{2,7})"
_IS = r"(?:で[ー〜~]?す[っーぅ〜~よねw]*|デス|っす|だよ|だお|どす|だす|ばい|やで|や|だに|だべ|だっちゃ|でございます|でござる)(?=[。、!\n(（ ]|$)"
# Weaker places: only a frequent name, or a word in katakana that is no common noun, is taken for one there.
_KNOWN = (
    (rf"(?:^|[。!]\s*){_WORD}{_IS}", 1),
    (rf"(?<![^\s、。,(（]){PLACE}(?:在住)?の{_WORD}(?:(?=[、,(（])|{_IS})", 1),
    (rf"(?:[歳才代半路性子男女生]|さい|[小中高][1-6])の?{_WORD}{_IS}", 1),
    (rf"(?:^|[。!]\s*){_WORD}(?={AGED}|{NUM}の?{SEX}|[♂♀])", 1),
    (rf"{SELF}([一-龥々]{{2,4}}|[ァ-ヶー]{{2,7}})(?=の相談|のこと|と申|は、|、)", 1),
    (r"[るたす]([一-龥々]{2,4}|[ァ-ヶー]{2,7})です(?=[。、!\n]|$)", 1),
)
_COMMON_KATAKANA = re.compile(
    r"(?:アルバイト|サラリーマン|マ{2}|パ{2}|バイ|オタク|デブ|ブス|ムリ|マジ|ハーフ|アラ.*|クズ|ゴミ|オッサン|オバサン|スタッフ|リーダー|マネージャー|エンジニア|デザイナー|プログラマー|ドライバー|ヘルパー|ホスト|キャバクラ|ネット|テスト|メール|イジメ|.*ハラ|ストレス|トラブル|ショック|ピンチ|クビ|ウツ|コミュ|ヤバ|サイテー|イヤ|ウソ|ホント|モヤモヤ|イライラ|ドキドキ|ボロボロ|ヘトヘト|バラバラ|オス|メス|オンナ|オトコ|ヒト|ムスメ|ムスコ|ボク|オレ|ワタシ|アタシ|ワシ|ギリギリ|カツカツ|ヒマ|バカ|アホ|ガン|コロナ)"
)
_ANONYMOUS_FORM = re.compile(r"[A-Za-z](?:子|男|美|太|太郎|さん|くん|ちゃん|君|氏)")
_KANJI = re.compile(r"[一-龥々]+")
_FREE = re.compile(
    r"(?:匿名|とくめい|トクメイ|仮名|名無し|ななし).*|[A-Za-z](?:子|男|美|太|太郎|さん|くん|ちゃん|君|氏)"
)


@cache
def _known_names() -> frozenset[str]:
    """Frequent family and given names, as written and in both kanas."""
    given, family = given_names(), surnames()
    kana = {reading for readings in given.values() for reading in readings if len(reading) > 1}
    read = {reading for readings in family.values() for reading in readings if len(reading) > 1}
    return frozenset({*given, *family, *kana, *map(to_katakana, kana | read)} - {"まさか", "いま", "ひま"})


def _known(text: str, start: int, end: int) -> bool:
    name = text[start:end]
    if not real_name(text, start, end):
        # 福島です。 at the very top: as good a name as a place
        return name in PREFECTURES and name in surnames() and not text[:start].strip()
    if "ァ" <= name[0] <= "ヶ" and not text[:start].rstrip(" ").rstrip("\n。").strip():
        return _COMMON_KATAKANA.fullmatch(name) is None
    return name in _known_names()


# before です a name stands, and anything else: 孤独です, 車の中です, 死んだ方がましです. To be called that would hurt.
_INTRODUCED_WEAKLY = re.compile(r"で[すーっ]|っす|だ(?:よ|べ|に|す|っ)|どす|ばい|じゃ|や|デス")
_PLAIN_SHAPE = re.compile(
    r"[ぁ-んー]{1,6}|[ァ-ヶー]{2,8}|[A-Za-z][\w .'-]*|[一-龥々ァ-ヶぁ-んー]{1,6}(?:ちゃん|くん|さん|たん|ん|子|太|丸|号)|[一-龥々][ぁ-んー]{1,3}|[ぁ-んー]{1,3}[一-龥々]|[一-龥々]{1,4}[ 　][一-龥々ぁ-ん]{1,4}"
)
_INNER_PARTICLE = re.compile(r".[のがはをにでとやもて](?!ん$)[一-龥]|[一-龥][のがはをにでとやも]")


def _name(text: str, start: int, end: int) -> bool:
    """Whether a name stands there; where it is only followed by です it has to look like one."""
    name = text[start:end].strip()
    if not real_name(text, start, end):
        return False
    if not _INTRODUCED_WEAKLY.match(text, end) or _FREE.fullmatch(name):
        return True
    if _KANJI.fullmatch(name):
        return name in _known_names()
    return _PLAIN_SHAPE.fullmatch(name) is not None and not _INNER_PARTICLE.search(name)


_SUBJECT = re.compile(
    rf"[ ]*(?:re:|件名:)?[ ]*([^\s、。,()（）「」!?]{{1,10}}?)(?:[(（][^()（）]*(?:{AGED}|{SEX}|{GRADE}|{NUM})[^()（）]*[)）]|(?:です|と申します|といいます|より)[。!]*[ ]*$)",
    re.I,
)


def named_in_subject(wide: str) -> Found | None:
    """A subject is a name only where it says so: みどりです, ちーちゃん(14歳・女). Else it is what the mail is about."""
    match = _SUBJECT.match(wide)
    if match and (
        (match[1].endswith(("ちゃん", "くん", "さん")) and real_name(wide, *match.span(1)))
        or _known(wide, *match.span(1))
    ):
        return match.span(1)
    return None


def named(wide: str) -> Found | None:
    """Where the text tells a name, or None."""
    return first(wide, _NAMES, _name) or first(wide, _KNOWN, _known, place=place_possible(wide))
