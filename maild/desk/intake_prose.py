"""Name, sex, age and region as people tell them in plain sentences (rules I2): the writer's own, not somebody else's."""

# ruff: noqa: E501
# Patterns and word lists are read whole, and ruff counts a kanji as two columns.
from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from operator import add

from maild.desk.intake_whose import SEX, of_another, of_another_there
from maild.desk.places import JAPANESE, LATIN, PREFECTURES
from maild.desk.readings import given_names, surnames, to_katakana

NUM = r"(?:[1-9]\d|[5-9](?!\d)|1[01]\d|[二三四五六七八九]?十[一二三四五六七八九]?|[二三四五六七八九][〇一二三四五六七八九])"
AGED = rf"(?:{NUM}[ ]?(?:歳|才|さい|サイ|ｻｲ|歲)|[1-9]0[ ]?代(?:前半|後半|半ば|なかば)?|(?:[二三四五六七八]?十)代(?:前半|後半|半ば)?|はたち|ハタチ|二十歳|アラ(?:サー|フォー|フィフ|カン|還|ハタ|セブ)|[三四五六]十路|(?:古希|喜寿|傘寿|米寿|卒寿|還暦)(?!祝|の?お?祝)|後期高齢者)"
GRADE = r"(?:(?<![大最])(?:小|中|高)[1-6一二三四五六](?:年生?)?(?![\d月日時分位%個人本])|(?:小学|中学|高校|高専)(?:校)?[ ]?[1-6一二三四五六]年生?|(?<![a-z])[JD][KC][1-3]?|中学生|高校生|小学生)"
BORN = r"(?:(?:昭和|平成|令和|[SHsh])[ ]?(?:\d{1,2}|[元一二三四五六七八九十]{1,3})年?[^。\n]{0,8}(?:生|うま)|(?:19|20)\d\d[ ]?年?[^。\n]{0,8}(?:生|うま))"
_SELF = r"(?:私|わたし|わたくし|あたし|うち|僕|ぼく|ボク|俺|おれ|オレ|自分|当方|わし|ワシ)"
_REFUSE = (
    r"(?:[言い云]いたくな|言えな|言えま|いえま|答えたくな|答えたくあ|こたえたくな|答えま|答えられ|回答し|回答を?控|無回答|書かなくて|書けま|書きたくな|書きたくあ|かきたくな|秘密|ひみつ|ヒミツ|秘し|秘匿|内緒|ないしょ|伏せ|ふせ|"
    r"教えたくな|教えたくあ|教えま|教えられ|非公開|匿名|控えさせ|控えま|ご容赦|勘弁|明かせ|明かしたくな|出したくな|出せま|名乗れ|名乗りたくな|なしで|パス|無しで)"
)
_NOT_NAME = re.compile(
    r"(?:歳|才|代$|性$|^男|^女|相談|質問|初めて|はじめて|会社|学生|大学|高校|中学|主婦|無職|社員|パート|バイト|フリーター|ニート|公務員|看護|介護|在住|住み|出身|県|市$|...町$|...村$|区$|者$|もの$|(?<!緒)方$|人$|"
    r"(?<!ま)こと(?![みりねえは])|よと$|生徒|しごと|そうだん|ため|件|以上|お願い|よろしく|ありがと|不安|心配|つらい|辛い|仕事|就職|転職|悩|困|です|ます|ない|こんに|こんば|はじめ|おはよ|失礼|お世話|本当|今(?![村井田野泉西川枝関岡津])|昨日|明日|今日|母親|父親|母$|父$|長男|長女|独身|既婚|"
    r"限界|無理|ダメ|だめ|大丈夫|元気|別|普通|同じ|必要|可能|初めて|再度|先日|前回|返信|お返事|件名|下記|以下|上記|希望|面接|履歴書|様$|御中|担当|名前|性別|年齢|住まい|内容|氏名|[■◆●▼【】]|iphone|android|http|@|[?？!！。(（]|regards|thank|hello|sincerely|mother|father|old|years|から$|からです|アラ(?:サー|フォー|フィフ|カン)|[男女]$|就活|全滅|退職|離職|休職|復職|失業|残業|借金|人間関係|内定|応募|正社員|夜勤|給料|契約|不眠|鬱|事務|営業|接客|製造|保育|調理|販売|清掃|警備|職員|自営|浪人|留年|中退|既読|追伸|本文|(?:息子|娘|弟|妹|兄|姉|父|母|夫|妻|祖父|祖母|孫|同僚|上司|友人|友達|先輩|後輩|彼氏|彼女|主人|旦那)$|^my$|galaxy|\d|OL$|[女学大校高中人院験年修]生$|[でをにが](?:働|住|暮|通|勤|[いあなす]る))",
    re.I,
)
_NAME = r"[^\s、。,.!！?？「」『』()（）:：/／・]{1,12}"


def _alternatives(words: Iterable[str]) -> str:
    """A list of words as an expression that looks at the first character first; the longest of them is tried first."""
    rests: dict[str, list[str]] = {}
    for word in sorted(words, key=len, reverse=True):
        rests.setdefault(word[0], []).append(re.escape(word[1:]))
    return (
        f"(?=[{''.join(rests)}])(?:" + "|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in rests.items()) + ")"
    )


_KNOWN = _alternatives(JAPANESE)
PLACE_JA = rf"(?:{_KNOWN}|津|堺|柏|呉|光)"
PLACE = rf"(?:(?:{_KNOWN})(?:都|府|圏|県(?!民)|けん|市|町|村|し(?=[ に])|区)?(?:内|外|北部|南部|中部)?(?:[一-龥ぁ-んァ-ヶ]{{1,5}}[市町村区郡](?![民役立場長内外]))?|津市|(?:[一-龥]{{1,4}}市|[一-龥]{{2,4}}[町村]|(?!地区|学区|校区|選挙区)[一-龥]{{1,4}}区)(?![民役立場長内外中会])|県内|県外|某県|某市|中部地方|地方都市|県南部|県北部|市内|市外|他県)"
_LIVES = r"(?:在住|住み|住まい|に(?:今|いま|ずっと)?住|にす(?:んで|まい)|で(?:今|一人|ひとり|実家|二人)?[ぐ暮]ら|に(?:おり|居住|居)|に引っ越して|(?:へ|に)[^。、\n]{0,6}(?:来て|越して|移)|に越して|に(?:来|き)(?:まし|て)|に(?:い|居)(?:ます|る)|の者|のもん|のもの(?:です)?|民(?:です|で)?|県民|から(?:の)?(?:相談|メール|失礼|です)|の(?:田舎|実家|町|市内|山|海|はず|端)|で(?:主婦|会社員|働い|仕事|アルバイト|パート|ひとり|一人))"
_ELSEWHERE = r"(?:の(?:会社|企業|大学|学校|求人|支店|本社|友|知|母|父|親|親戚|両親|彼|支社|工場|店)|に(?:応募|行|旅|出張|引っ越した|転勤(?:に|が|する|を|と)|就職)|へ|まで|から転勤|から(?:三重|こちら|引っ越|[^\s。、]{1,5}(?:へ|に))|出身|で(?:面接|開催|働きた|就職|暮らしたい)|弁|タワー|ドーム|市役所|支店)"

_Found = tuple[int, int]


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when first needed: a command line must start fast."""
    return re.compile(pattern, re.I | re.M)


_LETTER = re.compile("[A-Za-z]")
_PLACE_ENDS = re.compile("[市町村区県津堺柏呉光郡]")
_PLACE_PAIRS = frozenset(
    place[:2] for place in (*JAPANESE, "県内", "県外", "某県", "某市", "中部", "地方", "市内", "市外", "他県")
)


def _place_possible(text: str) -> bool:
    return _PLACE_ENDS.search(text) is not None or not _PLACE_PAIRS.isdisjoint(map(add, text, text[1:]))


def _first(text: str, patterns: tuple[tuple[str, int], ...], good: Callable[[str, int, int], bool]) -> _Found | None:
    latin = _LETTER.search(text) is not None
    place = patterns is not _REGIONS or _place_possible(text)
    for pattern, group in patterns:
        if (not latin and pattern.isascii()) or (not place and PLACE in pattern):
            continue  # English in a text without a letter, a place in a text that names none
        for match in _compiled(pattern).finditer(text):
            start, end = match.span(group)
            if start < end and good(text, start, end):
                return start, end
    return None


_EDGE = r"(?<![^\s、,・/／()（）。:：=「」|♂♀男女!！])"
_PROXY_KIN = r"(?:息子|娘|妹|弟|兄|姉|母|父|夫|妻|孫|長男|次男|長女|次女|主人|旦那)(?:・[^\s、。(（]{1,8})?"
_PROXY = {
    "age": rf"{_PROXY_KIN}[(（](?:[^()（）\n]{{0,8}}[ 、・,])?({NUM})(?:歳|才)?(?:[ 、・,][^()（）\n]{{0,8}})?[)）](?=のこと|について|の件|の相談|[、,](?:居住|住)|の就|のため)",
    "sex": rf"((?:息子|娘|妹|弟|兄|姉|母|父|夫|妻|長男|次男|長女|次女))(?:・[^\s、。(（]{{1,8}})?[(（][^()（）\n]{{0,8}}?{NUM}[^()（）\n]{{0,8}}[)）](?=のこと|について|の件|の相談|[、,](?:居住|住)|の就|のため)|(弟|妹|兄|姉|息子|娘)の[^\s、。]{{1,8}}、{NUM}歳?のこと",
}
_AGE = (
    (rf"({AGED})", 1),
    (rf"({BORN})", 1),
    (rf"({GRADE})", 1),
    (rf"(?<!\d)({NUM})の{SEX}", 1),
    (rf"(?:年齢|(?<![ぁ-ん])とし)[ ]?({NUM})(?![\d年月日時分円人回件])", 1),
    (rf"(?:で|、|,|は)({NUM})(?:です|だ|になり|になる)(?=[。、\s]|$|ま|[一-龥])", 1),
    (rf"[^\s。、(（]{{1,8}}[(（]({NUM})[)）]", 1),
    (rf"(?:年齢|歳|年|とし|としは)(?:は|が|も|ァ|ぁ|ゎ)[ 、]?({NUM})(?![\d年月日時分円人回件])", 1),
    (rf"(?:今年で?|もうすぐ|先日|先月|来月)[ ]?({NUM})(?:歳)?(?:に(?:なり|な)|です|だ|や)", 1),
    (
        rf"(?:^|[。、\n ])(?:いま|今|現在)?({NUM})(?:になりま|になっ|です|だけど|だけれど|やけど|やで|になる|、女|、男|の男|の女|、主婦)",
        1,
    ),
    (rf"{_SELF}(?:は|、)?[ ]?({NUM})(?:の|、|で|だ|や|になり|になる|です)", 1),
    (rf"(?:[、,・/ ]|^)({NUM})で、", 1),
    (rf"(?:男|女)性?で、?({NUM})(?:で|、|です|の)", 1),
    (rf"{_EDGE}({NUM})[ ]?(?:♂|♀|の?(?:男|女)|[mf](?![a-z]))", 1),
    (rf"(?:男性?|女性?|♂|♀)[ 、,・/(（]*({NUM})(?![\d年月日時分円人回件個社万千ヶか割%:])", 1),
    (r"(?:i am|i'm|im|age[d]?|age is)[ ]+(\d{2})(?!\d)", 1),
    (r"(\d{2})[ -]?(?:years?|yrs?|yo|y/o|y\.o)", 1),
    (r"(?:woman|man|female|male|girl|boy|guy)[ ,(/]+(?:of )?(\d{2})(?!\d)", 1),
    (r"(?:^|[\s,/])(\d{2})[ ,/]*(?:m|f|male|female|woman|man)(?![a-z])", 1),
)
_STANDS = r"(?=$|[\s、,・/／()（）。|!！♡☆★♪]|です|だ(?:よ|けど|が|っ|。|、)|で(?:す|、|ある|ござ|も)|っす|やけど|や(?:で|ね|から|。|、)|といい|として|っていう|なのに|なん(?:です|だ)|ですが|の(?:者|もの|もん|会社員|大?学生|フリーター|専門学校|パート|無職|社会人|高校生|公務員|看護師|[一-龥]{2,5}です))"
_SEXES = (
    (
        r"(女性でも男性でも[^。、\n]{0,8}|男性でも女性でも[^。、\n]{0,8}|(?:トランス(?:ジェンダー)?(?:女性|男性)?|ノンバイナリー|Xジェンダー|性同一性障害|MtF|FtM|LGBTQ?)(?:[(（][MtFXmfx]+[)）])?)",
        1,
    ),
    (
        rf"(?:歳|才|さい|代|前半|後半|半ば|\d)(?:の|で|、|,|・|/|[ ]|独身|既婚|会社員|無職|フリーター|[(（])*({SEX}){_STANDS}",
        1,
    ),
    (rf"(?:年生?|生|\d)(?:の|、|・|[ ])?({SEX}){_STANDS}", 1),
    (rf"{_SELF}[ ]?(?:[(（、は]|も|が)[ ]?({SEX})", 1),
    (rf"{_EDGE}({SEX}){_STANDS}", 1),
    (rf"(?:ですが|けど|ですけれど|だが|で、|し、)({SEX}){_STANDS}", 1),
    (rf"{_EDGE}({SEX})(?=[ 、,・/(（]{{0,2}}[1-9]\d(?!\d))", 1),
    (r"(?<!\u200d)([♂♀])", 1),
    (rf"{_EDGE}({SEX})で、?(?={NUM})", 1),
    (rf"(?:{GRADE})({SEX})", 1),
    (r"(?:です|。|、)((?:お|ぉ)んな|おとこ)です", 1),
    (rf"{_SELF}[(（](兄|弟|姉|妹|母|父|夫|妻)親?[・、,)）]", 1),
    (rf"{_EDGE}{NUM}[ ]?({SEX})(?=[ 、,・/]|$|{PLACE})", 1),
    (
        rf"{_SELF}(?:は|が)[^。、\n]{{0,6}}?(兄|弟|姉|妹|母|父|夫|妻|叔母|叔父|祖母|祖父)親?(?:で|にあた|として|、|の立場)",
        1,
    ),
    (
        rf"(?:^|[。、\n ])(?:一人の|ひとりの|独身の|既婚の|無職の|アラサー|アラフォー|会社員の|普通の|契約社員の|派遣の|[^。、\n]{{1,10}}に住む|[^。、\n]{{1,10}}在住の|[^。、\n]{{0,12}}の)({SEX}){_STANDS}",
        1,
    ),
    (r"(?:アラサー|アラフォー|アラフィフ|アラカン|[三四五六]十路)の?(女|男)性?", 1),
    (
        rf"(?:^|[。、!\n ])(?:{_SELF}(?:は|も)、?)?[^。、!\n はが]{{1,20}}[るたむいな]({SEX})(?:です|でござ|だ(?:が|けど|す)|で、|やけど|やで|ばい)(?!か)",
        1,
    ),
    (r"(?:介護|世話|看病|面倒|同居)[^。、\nはが]{0,10}(息子|娘|母|父|妻|嫁|夫|姉|兄|妹|弟)です", 1),
    (r"(?:[長次三]男|ひとり息子|一人息子|農家|[^\s。、]{1,4}家)の(嫁)(?=です|で、|でご|として)", 1),
    (
        r"((?:専業|兼業)?主婦|主夫|シングルマザー|シンママ|シングルファザー|妊婦|女子高生|女子大生|男子高生|女子校|男子校|JK[1-3]?|JC[1-3]?|JD[1-4]?|DK[1-3]?|(?:一|二|三|四|[1-5])(?:児|人)の?(?:子)?の?(?:母|父)親?|ママ(?:です|をして)|(?:母親|父親)(?=です|でございます|をして|として)|(?<=代の)(?:母|父)(?=です)|妊娠(?:中|し))",
        1,
    ),
    (r"(?:息子|娘|子|子供|子ども|[男女児生])の((?:母|父)親?)(?=です(?!が亡)|で、|でござ|をして)", 1),
    (r"(?<![A-Za-z])(OL)(?=です|で、|、|をして|してい|やって|$)", 1),
    (r"(?:^|[。、\n ])((?:母|父)(?:親)?)(?=の[^。、\n]{1,8}です|です|でございます)", 1),
    (r"(僕|ぼく|ボク|俺|おれ|オレ)(?=は|も|が|の|、|、|って|に|を)", 1),
    (
        r"(?:i am|i'm|im|as)[ ]+(?:a |an )?(?:\d+[- ]year[- ]old )?(?:single |young |married |japanese |foreign |brazilian )?(woman|man|female|male|girl|boy|guy|mother|father|housewife|mom|dad|nonbinary|non-binary|trans)",
        1,
    ),
    (r"(?:\d|old|[,/(])[ ,/]*(woman|man|female|male|girl|boy|guy|f|m)(?=[\s,./)]|$)", 1),
    (r"(?:^|[,.!\n])[ ]*(female|male|woman)(?=[\s,./)]|$)", 1),
)
_REGIONS = (
    (
        r"(?:住んで(?:い)?る(?:の|ところ|場所|所)は|お?住まいは|居住地は|在住は)[ 、]?([^\s、。]{1,10}?)(?=です|で|の|、|。|$)",
        1,
    ),
    (rf"({PLACE})(?:の?[ぁ-ん一-龥]{{0,4}})?{_LIVES}", 1),
    (rf"@[ ]?({PLACE}|{PLACE_JA})", 1),
    (
        r"(?:^|[。、\s]|は)([一-龥ァ-ヶー]{2,10})(?:に(?:今|いま|ずっと)?住んで|に住む|の(?:あたり|辺り?|近く|方)(?:[。、\n]|です|に|で)|在住)",
        1,
    ),
    (
        rf"(?:^|[\s、,・/／(（。\n|♂♀男女])({PLACE})(?=$|[\s、,・/／)）。|]|です|で、|の(?:[^。\n]{{1,8}})(?:です|と(?:申|いい))|(?:より|から)(?:で|失|メ|相|$)|から(?:です|でも))",
        1,
    ),
    (r"(?:^|[\s、,・/／(（。\n|♂♀])(津|堺)(?=$|[\s、,・/／)）|]|に住|在住)", 1),
    (rf"(?!田舎で)({PLACE})(?!{_ELSEWHERE})(?=で|に|の|在|民|です|から)", 1),
    (
        r"(?:live|living|reside|residing|based|located|stay|staying|am from|resident) (?:in|at|near|of|here in) ([A-Z][\w-]+(?:(?:,| city| prefecture)? ?[A-Z][\w-]+)?|[a-z]+)",
        1,
    ),
    (rf"(?:^|[\s,/(])((?:{'|'.join(LATIN)})(?:-?(?:shi|ken|city|prefecture))?)(?=[\s,./)]|$)", 1),
    (r"((?:outside|inside|within)(?: of)? the prefecture)", 1),
)
_GREETING = r"(?:はじめまして|初めまして|こんにちは|こんにちわ|こんばんは|こんばんわ|おはようございます|お世話に(?:なり|なって(?:おり|い)|なる)ます|お世話様です|失礼(?:し|いたし)ます|突然すみません|どうも|hello|hi|dear[^\n]{0,20})[、。!！,. \n]*"
_NAMES = (
    (
        r"(?:「|『)([^「」『』\n]{1,12})(?:」|』)(?:と|で)(?:させ|お願|呼ん|お呼|よん|いいます|申し|名乗|して(?:く|お))",
        1,
    ),
    (
        r"(?:ニックネーム|ペンネーム|ハンドルネーム|ハンドル|HN|仮名|偽名|あだ名|呼び名)(?:で|は|が|を|:|、|,|[ ])+「?([^\s、。,「」のをが]{1,12}?)(?:」|です|と(?:申|いい|お呼|呼|さ)|で(?:お願|す|。|、)|に(?:し|さ)|[。、\s]|$)",
        1,
    ),
    (rf"(?:^|[。、\s])({_NAME}?)(?:いいます|言います|言いますねん|だす)[。、]", 1),
    (r"^@([A-Za-z0-9_]{2,20})", 1),
    (
        rf"(?:^|[。!]\s*)(?:{_SELF})は(?!(?:バカ|ダメ|ブス|デブ|ゲイ|レズ|バイ|オタク|ハーフ|クズ|ゴミ|ニート|フリーター|ひとり|ふたり|いま|もう|まだ|どう))([ァ-ヶー]{{2,6}})(?:です|だよ|だ)?[。!\n]",
        1,
    ),
    (rf"{_PROXY_KIN}の([一-龥々ぁ-んァ-ヶー]{{1,8}})、(?={NUM})", 1),
    (rf"({_NAME}?)、と(?:申し|もうし|いいます|言います)", 1),
    (r"^>[^\n]*名前[^\n]*\n+[ ]*(?!>)([^\s>、。]{1,12})(?:です)?[。 ]*$", 1),
    (r"(?:息子|娘|妹|弟|兄|姉|母|父|夫|妻|孫|長男|次男|長女|次女|主人|旦那)・([^\s、。,()（）・]{1,8})(?=[(（])", 1),
    (r"(?:息子|娘|妹|弟|兄|姉|母|父|夫|妻|孫|長男|次男|長女|次女)[(（]([一-龥々ぁ-んァ-ヶー]{1,8})[ 、・,](?=\d)", 1),
    (r"(?:父|母|兄|姉|夫|妻)[・ ]([一-龥々]{1,4})[ ]*$", 1),
    (
        r"\A\s*([一-龥々ぁ-んァ-ヶーA-Za-z]{1,8}?)(?:です|と申します|といいます|っす|だよ|じゃ|や|やで|ばい|だに|だべ|だす|どす|でーす|だっちゃ)[。、!！\n]",
        1,
    ),
    (r"^[ ]*(?:[━─=\-*_~]{3,}|--)[ ]*\n[ ]*([一-龥々]{1,4}(?:[ ]?[一-龥々ぁ-んァ-ヶー]{1,4})?)[ ]*$", 1),
    (r"[ぁ-ん、。\s]([一-龥]{1,4}|[ァ-ヶー]{2,8})と(?:申|もうし|いいま|言いま)", 1),
    (
        r"(?:^|[の、,。\s]|私は)([^\s、。,のはがを\d(（]{1,10}?)[(（][^()（）\n]{1,20}[)）](?:と申|です|といい|と言い|っていい)",
        1,
    ),
    (
        r"(?:^|[の、,。\s]|私は|わたしは|僕は|俺は)([^\s、。,のはがを\d]{1,10}?)と(?:申し|もうし|いいます|言います|いう者|呼んでく|よんでく|お呼びく|名乗)",
        1,
    ),
    (
        rf"({_NAME}?)(?:と|って|ていい|って言い)[ ]?(?:(?:もう)し(?:ます|まし|上)|申し|申す|いいます|いう(?:者|もの|ん|名)|言います|いい、|呼んで|よんで|お呼び|名乗|呼ばれ)",
        1,
    ),
    (
        rf"(?:お?名前|なまえ|氏名|仮名|ペンネーム|ハンドルネーム|名)(?:は|が|:|、|ァ|ぁ|ゎ)[ 「]?({_NAME}?)(?:」|です|と(?:いい|申|呼|して|言)|って|だけど|だ。|だべ|じゃ|でお願|で(?:い|す|。)|にしてく|にしま|。|、|[ ]|$)",
        1,
    ),
    (r"((?:匿名|仮名|名無し|ななし)(?:で(?:お願|の?相談|失礼|す|も|いい|送|質問)|希望|を希望|さん|とさせ|にて)?)", 1),
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
    (rf"(?:^|\n)[ ]*({_NAME}?)より[ 。]*(?:\n|$)", 1),
    (
        r"(?:my name is|my name's|call me|i am called|name is|this is|i go by|name:)[ ]+([A-Za-z][\w'-]{0,20}(?: [A-Z][\w'-]{1,20})?)",
        1,
    ),
    (r"(?:^|[.,!\n] ?)(?:hi|hello)?,? ?i(?:'m| am) ([A-Z][a-z]{1,14})(?=[ ,.!])(?! (?:years|from))", 1),
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
REFUSAL = re.compile(_REFUSE)
_REFUSED = {
    "name": rf"((?:お?名前|なまえ|氏名|本名|実名|(?<!の)名(?=は))(?:だけ)?(?:と|や|も|は|を|に関しては|は、|については|や性別|と年齢|と性別)*[^。\n]{{0,28}}?{_REFUSE}[^。、\n]{{0,12}})",
    "sex": rf"((?:性別)(?:と|や|も|は|を|・|については)*[^。\n]{{0,24}}?{_REFUSE}[^。、\n]{{0,12}})",
    "age": rf"((?:年齢|歳|とし|年(?=は|も|齢))(?:と|や|も|は|を|・|については)*[^。\n]{{0,24}}?{_REFUSE}[^。、\n]{{0,12}})",
    "region": rf"((?:居住地域?|地域|住所|住まい|住んで(?:い)?る(?:所|ところ|場所)|場所)(?:と|や|も|は|を|で|・|については)*[^。\n]{{0,12}}?{_REFUSE}[^。、\n]{{0,12}})",
}
_REFUSED_EN = {
    "name": r"((?:rather not|prefer not to|not want to|don't want to|won't|cannot|can't) [^.\n]{0,20}name|anonymous(?:ly)?)",
    "sex": r"((?:rather not|prefer not to) [^.\n]{0,20}(?:sex|gender))",
    "age": r"((?:rather not|prefer not to) [^.\n]{0,20}age)",
    "region": r"((?:rather not|prefer not to) [^.\n]{0,20}(?:where|address|location))",
}


_KANA_NAME = re.compile(
    r"は(?:な(?!し|く)|る|ず|づ|つえ|つみ|や[とて]|すみ|んな|ちみつ|ち$|っぱ|むた|むこ|むすた)|に(?:ゃん|こ|な$|いな)|の(?:あ|ぞ[みむ]|どか|の|ん|り|ぶ)|も(?:え|か|こ|も|な|ね|み)|と(?:も|し|わ|う[こま])|が(?:ちゃ|く$)"
)  # はな, のぞみ, もも, ともちん: no particles


def real_name(text: str, start: int, end: int) -> bool:
    name = text[start:end].strip()
    if re.fullmatch(r"[一-龥]{2}", name) and name in JAPANESE and name not in PREFECTURES:
        return True  # 川口, 山口 and 福島 are names as well; prefectures are taken for places
    if re.fullmatch(r"(?:匿名|仮名|名無し|ななし).{0,6}", name):
        return True
    return (
        bool(name)
        and not _NOT_NAME.search(name)
        and (name[0] not in "はがをにのも" or _KANA_NAME.match(name) is not None)
        and not re.fullmatch(rf"{PLACE}|{SEX}|{_SELF}|と", name)
    )


_MAYBE_KNOWN = re.compile(
    rf"(?:^|[。!]\s*|\n[ ]*)([一-龥々]{{1,4}}|[ぁ-ん]{{2,4}}|[ァ-ヶー]{{2,6}})(?:です|っす|だす|どす|でございます)(?=[。、!\n]|$)"
    rf"|{PLACE}の([一-龥々]{{1,4}})(?=[、,(（])"
)


@cache
def _known_names() -> frozenset[str]:
    """Frequent family and given names, as written and in both kanas."""
    given, family = given_names(), surnames()
    kana = {reading for readings in given.values() for reading in readings if len(reading) > 1}
    return frozenset({*given, *family, *kana, *(to_katakana(reading) for reading in kana)} - {"まさか", "いま", "ひま"})


def known_name(wide: str) -> _Found | None:
    """A frequent name that is a sentence of its own, wherever it stands: …を聞いています。木村です。…"""
    for match in _MAYBE_KNOWN.finditer(wide):
        group = 1 if match[1] else 2
        if match[group] in _known_names() and real_name(wide, *match.span(group)):
            return match.span(group)
    return None


def recognise(item: str, wide: str) -> _Found | None:
    """Where the text says it, or None. ``wide`` has ASCII width; a refusal counts (rules I2)."""
    for table in (_REFUSED, _REFUSED_EN):
        if (pattern := table.get(item)) and (match := re.search(pattern, wide, re.I)):
            return match.span(1)
    found = _recognised(item, wide)
    if found is None and (pattern := _PROXY.get(item)) and (match := re.search(pattern, wide)):
        return match.span(1 if match[1] else 2)  # 娘(25)のことです: a parent writes for a daughter
    return found


def _recognised(item: str, wide: str) -> _Found | None:
    if item == "age":
        return _first(
            wide,
            _AGE,
            lambda t, s, e: (
                not of_another(t, s, e) and not re.match(r"(?:年(?!生)|時間|ヶ月|か月|日間|分|万|円)", t[e : e + 3])
            ),
        )
    if item == "sex":
        return _first(wide, _SEXES, lambda t, s, e: not of_another(t, s, e))
    if item == "region":
        return _first(
            wide, _REGIONS, lambda t, s, e: not re.match(_ELSEWHERE, t[e : e + 8]) and not of_another_there(t, s)
        )
    if item == "name":
        return _first(wide, _NAMES, real_name) or known_name(wide)
    return None


def listed(wide: str) -> dict[str, _Found]:
    """Items given as bare words, apart by space, slash or line: 太郎/男/25歳/三重県; at the top or as a closing line."""
    rows = [m for m in re.finditer(r"[^\n]+", wide) if m[0].strip()]
    found: dict[str, _Found] = {}
    for run in (rows[:6], rows[-3:]):
        words: list[tuple[str, int, int]] = []
        for row in run:
            parts = [
                (p[0], row.start() + p.start(), row.start() + p.end())
                for p in re.finditer(r"[^ 、,・/|()（）]+", row[0])
            ]
            if len(row[0].strip()) > 40 or any(len(p[0]) > 12 for p in parts) or re.search(r"[。?？!]", row[0]):
                if words and run is not rows[-3:]:
                    break
                words = [] if run == rows[-3:] else words
                continue
            words += parts
        kinds: dict[str, _Found] = {}
        rest: list[tuple[str, int, int]] = []
        for word, start, end in words:
            if re.fullmatch(rf"{AGED}|{NUM}|{GRADE}", word) and "age" not in kinds:
                kinds["age"] = (start, end)
            elif re.fullmatch(rf"{SEX}|主婦|[mfMF]", word) and "sex" not in kinds:
                kinds["sex"] = (start, end)
            elif re.fullmatch(rf"{PLACE}|{PLACE_JA}", word) and "region" not in kinds:
                kinds["region"] = (start, end)
            elif (
                real_name(word, 0, len(word))
                and not re.fullmatch("[a-z]", word)
                and not re.search(r"(?:て|た|い|る|ん|を|が|に|は|な)$", word)
            ):
                rest.append((word, start, end))
        if len(kinds) >= 2 or (len(kinds) == 1 and len(words) == 1):
            found = {**kinds, **found}
            if rest and "name" not in found and len(words) <= 12 and len(kinds) >= 2:
                found["name"] = rest[0][1:]
    return found


def signature(wide: str) -> _Found | None:
    """A name on a line of its own at the end: 花子, 山本 健一."""
    lines = [
        m
        for m in re.finditer(r"[^\n]+", wide)
        if m[0].strip() and not re.search(r"送信$|^[-_=*]+$|@|http|sent from", m[0].strip(), re.I)
    ]
    for line in lines[-2:][::-1] if len(lines) > 1 else ():
        word = line[0].strip()
        if re.fullmatch(r"[一-龥々ぁ-んァ-ヶーA-Za-z]{1,8}(?: [一-龥々ぁ-んァ-ヶー]{1,6})?", word) and real_name(
            word, 0, len(word)
        ):
            if re.search(
                r"(?:たい|ない|です|ます|した|する|から|けど|って|さい|敬具|草々|かしこ|以上|拝|だよ|です|ので|よ|ね|か|う|る|た|て|は|が|を|に|も|で)$",
                word,
            ) and (
                len(word) > 4
                or (
                    len(word) == 4
                    and word[-2:] in ("たい", "ない", "です", "ます", "した", "する", "から", "けど", "さい")
                )
            ):
                continue
            if word in ("敬具", "草々", "かしこ", "以上", "敬白", "拝具", "相談", "了解", "はい"):
                continue
            start = line.start() + line[0].index(word[0])
            return start, start + len(word)
    return None
