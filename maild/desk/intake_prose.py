"""Name, sex, age and region as people tell them in plain sentences (rules I2): the writer's own, not somebody else's."""

# ruff: noqa: E501
# Patterns and word lists are read whole, and ruff counts a kanji as two columns.
from __future__ import annotations

import re
from functools import cache

from maild.desk.intake_names import PROXY_KIN, named, real_name
from maild.desk.intake_whose import SEX, lives_elsewhere, of_another
from maild.desk.intake_words import AGED, BORN, GRADE, NUM, PLACE, PLACE_JA, SELF, Found, first, place_possible
from maild.desk.places import LATIN

_REFUSE = (
    r"(?:[言い云]いたくな|言えな|言えま|いえま|答えたくな|答えたくあ|こたえたくな|答えま|答えられ|回答し|回答を?控|無回答|書かなくて|書けま|書きたくな|書きたくあ|かきたくな|秘密|ひみつ|ヒミツ|秘し|秘匿|内緒|ないしょ|伏せ|ふせ|"
    r"教えたくな|教えたくあ|教えま|教えられ|非公開|匿名|控えさせ|控えま|ご容赦|勘弁|明かせ|明かしたくな|出したくな|出せま|名乗れ|名乗りたくな|なしで|パス|無しで)"
)
_LIVES = r"(?:在住|住み|住まい|に(?:今|いま|ずっと)?住|にす(?:んで|まい)|で(?:今|一人|ひとり|実家|二人)?[ぐ暮]ら|に(?:おり|居住|居)|に引っ越して|(?:へ|に)[^。、\n]{0,6}(?:来て|越して|移)|に越して|に(?:来|き)(?:まし|て)|に(?:い|居)(?:ます|る)|の者|のもん|のもの(?:です)?|民(?:です|で)?|県民|から(?:の)?(?:相談|メール|失礼|です)|の(?:田舎|実家|町|市内|山|海|はず|端)|で(?:主婦|会社員|働い|仕事|アルバイト|パート|ひとり|一人))"
_ELSEWHERE = r"(?:の(?:会社|企業|大学|学校|求人|支店|本社|友|知|母|父|親|親戚|両親|彼|支社|工場|店)|に(?:応募|行|旅|出張|引っ越した|転勤(?:に|が|する|を|と)|就職)|へ|まで|から転勤|から(?:三重|こちら|引っ越|[^\s。、]{1,5}(?:へ|に))|出身|で(?:面接|開催|働きた|就職|暮らしたい)|弁|タワー|ドーム|市役所|支店)"


_EDGE = r"(?<![^\s、,・/／()（）。:：=「」|♂♀男女!！])"
_PROXY = {
    "age": rf"{PROXY_KIN}[(（](?:[^()（）\n]{{0,8}}[ 、・,])?({NUM})(?:歳|才)?(?:[ 、・,][^()（）\n]{{0,8}})?[)）](?=のこと|について|の件|の相談|[、,](?:居住|住)|の就|のため)",
    "sex": rf"((?:息子|娘|妹|弟|兄|姉|母|父|夫|妻|長男|次男|長女|次女))(?:・[^\s、。(（]{{1,8}})?[(（][^()（）\n]{{0,8}}?{NUM}[^()（）\n]{{0,8}}[)）](?=のこと|について|の件|の相談|[、,](?:居住|住)|の就|のため)|(弟|妹|兄|姉|息子|娘)の[^\s、。]{{1,8}}、{NUM}歳?のこと",
}
_AGE = (
    (rf"({AGED})", 1),
    (rf"({BORN})", 1, ("生", "うま")),
    (rf"({GRADE})", 1),
    (rf"(?<!\d)({NUM})の{SEX}", 1),
    (rf"((?:中年|初老|熟年)の?)(?={SEX}(?:です|で、|の者|/|、))", 1),
    (rf"(?:年齢|(?<![ぁ-ん])とし)[ ]?({NUM})(?![\d年月日時分円人回件])", 1),
    (rf"(?:で|、|,|は)({NUM})(?:です|だ|になり|になる)(?=[。、\s]|$|ま|[一-龥])", 1),
    (rf"[^\s。、(（]{{1,8}}[(（]({NUM})[)）]", 1, ("(",)),
    (rf"(?:年齢|歳|年|とし|としは)(?:は|が|も|ァ|ぁ|ゎ)[ 、]?({NUM})(?![\d年月日時分円人回件])", 1),
    (rf"(?:今年で?|もうすぐ|先日|先月|来月)[ ]?({NUM})(?:歳)?(?:に(?:なり|な)|です|だ|や)", 1),
    (
        rf"(?:^|[。、\n ])(?:いま|今|現在)?({NUM})(?:になりま|になっ|です|だけど|だけれど|やけど|やで|になる|、女|、男|の男|の女|、主婦)",
        1,
    ),
    (rf"{SELF}(?:は|、)?[ ]?({NUM})(?:の|、|で|だ|や|になり|になる|です)", 1),
    (rf"(?:[、,・/ ]|^)({NUM})で、", 1),
    (rf"(?:^|[。、\n ])({NUM})(?:にもなって|にもなる|を過ぎ|を目前)", 1),
    (rf"ばかりの({NUM})(?:です|で、)", 1),
    (rf"(?:男|女)性?で、?({NUM})(?:で|、|です|の)", 1),
    (rf"{_EDGE}({NUM})[ ]?(?:♂|♀|の?(?:男|女)|[mf](?![a-z]))", 1),
    (rf"(?:男性?|女性?|♂|♀)[ 、,・/(（]*({NUM})(?![\d年月日時分円人回件個社万千ヶか割%:])", 1),
    (r"(?:i am|i'm|im|age[d]?|age is)[ ]+(\d{2})(?!\d)", 1),
    (r"(?:i'm|i am|name is) [a-z]{2,14}, (\d{2})(?!\d)", 1),
    (r"(\d{2})[ -]?(?:years?|yrs?|yo|y/o|y\.o)", 1),
    (r"(?:woman|man|female|male|girl|boy|guy)[ ,(/]+(?:of )?(\d{2})(?!\d)", 1),
    (r"(?:^|[\s,/])(\d{2})[ ,/]*(?:m|f|male|female|woman|man)(?![a-z])", 1),
)
_STANDS = r"(?=$|[\s、,・/／()（）。|!！♡☆★♪]|です|だ(?:よ|けど|が|っ|。|、|ら|す|べ|に|わ|ね)|ばい|じゃ|どす|で(?:す|、|ある|ござ|も)|っす|やけど|や(?:で|ね|から|。|、)|といい|として|っていう|なのに|なん(?:です|だ)|ですが|の(?:者|もの|もん|会社員|大?学生|フリーター|専門学校|パート|無職|社会人|高校生|公務員|看護師|[一-龥]{2,5}です))"
_SEXES = (
    (
        r"(女性でも男性でも[^。、\n]{0,8}|男性でも女性でも[^。、\n]{0,8}|(?:トランス(?:ジェンダー)?(?:女性|男性)?|ノンバイナリー|Xジェンダー|性同一性障害|MtF|FtM|LGBTQ?)(?:[(（][MtFXmfx]+[)）])?)",
        1,
        (
            "トランス",
            "ノンバイ",
            "ジェンダー",
            "性同一性",
            "MtF",
            "FtM",
            "mtf",
            "ftm",
            "MTF",
            "FTM",
            "LGBT",
            "lgbt",
            "女性でも",
            "男性でも",
        ),
    ),
    (
        rf"(?:歳|才|さい|代|前半|後半|半ば|\d)(?:の|で|、|,|・|/|[ ]|独身|既婚|会社員|無職|フリーター|[(（])*({SEX}){_STANDS}",
        1,
    ),
    (rf"(?:年生?|生|\d)(?:の|、|・|[ ])?({SEX}){_STANDS}", 1),
    (rf"{SELF}[ ]?(?:[(（、は]|も|が)[ ]?({SEX})", 1),
    (rf"{_EDGE}({SEX}){_STANDS}", 1),
    (rf"(?:ですが|けど|ですけれど|だが|で、|し、)({SEX}){_STANDS}", 1),
    (rf"{_EDGE}({SEX})(?=[ 、,・/(（]{{0,2}}[1-9]\d(?!\d))", 1),
    (r"(?<!\u200d)([♂♀])", 1),
    (rf"{_EDGE}({SEX})で、?(?={NUM})", 1),
    (rf"(?:{GRADE})({SEX})", 1),
    (r"(?:です|。|、)((?:お|ぉ)んな|おとこ)です", 1),
    (rf"{SELF}[(（](兄|弟|姉|妹|母|父|夫|妻)親?[・、,)）]", 1),
    (rf"{_EDGE}{NUM}[ ]?({SEX})(?=[ 、,・/]|$|{PLACE})", 1),
    (
        rf"{SELF}(?:は|が)[^。、\n]{{0,6}}?(兄|弟|姉|妹|母|父|夫|妻|叔母|叔父|祖母|祖父)親?(?:で|にあた|として|、|の立場)",
        1,
    ),
    (
        rf"(?:^|[。、\n ])(?:一人の|ひとりの|独身の|既婚の|無職の|アラサー|アラフォー|会社員の|普通の|契約社員の|派遣の|[^。、\n]{{1,10}}に住む|[^。、\n]{{1,10}}在住の|[^。、\n]{{0,12}}の)({SEX}){_STANDS}",
        1,
    ),
    (r"(?:アラサー|アラフォー|アラフィフ|アラカン|[三四五六]十路)の?(女|男)性?", 1, ("アラ", "路")),
    (
        rf"(?:^|[。、!\n ])(?:{SELF}(?:は|も)、?)?[^。、!\n はが]{{1,20}}[るたむいな](?<!知らない)(?<!好きな)(?<!苦手な)(?<!嫌いな)(?<!気になる)({SEX})(?:です|でござ|だ(?:が|けど|す|べ)|で、|やけど|や[。で]|ばい|じゃ)(?!か)",
        1,
    ),
    (
        rf"(?:バツイチ|バツ[1一]|独り身|独身|既婚|未婚|子持ち|無職|童貞|匿名|ニート|フリーター|[。、\n ][^\s。、]{{1,6}}の(?:バツイチ|独身|既婚))の?({SEX}){_STANDS}",
        1,
    ),
    (
        r"(ゲイ|レズビアン|オネエ|ニューハーフ|男の娘)(?=です|の(?:[0-9]|社会人|学生|会社員)|で、)",
        1,
        ("ゲイ", "レズ", "オネエ", "ニュー", "男の娘"),
    ),
    (
        r"(?:介護|世話|看病|面倒|同居)[^。、\nはが]{0,10}(息子|娘|母|父|妻|嫁|夫|姉|兄|妹|弟)です",
        1,
        ("介護", "世話", "看病", "面倒", "同居"),
    ),
    (r"(?:[長次三]男|ひとり息子|一人息子|農家|[^\s。、]{1,4}家)の(嫁)(?=です|で、|でご|として)", 1, ("嫁",)),
    (
        r"((?:専業|兼業)?主婦|主夫|シングルマザー|シンママ|シングルファー?ザー|シンパパ|妊婦|女子高生|女子大生|男子高生|女子校|男子校|JK[1-3]?|JC[1-3]?|JD[1-4]?|DK[1-3]?|(?:一|二|三|四|[1-5])(?:児|人)の?(?:子)?の?(?:母|父)親?|ママ(?:です|をして)|(?:母親|父親)(?=です|でございます|をして|として)|(?<=代の)(?:母|父)(?=です)|妊娠(?:中|し))",
        1,
        ("主婦", "主夫", "シン", "妊", "女子", "男子", "J", "D", "j", "d", "母", "父", "ママ"),
    ),
    (r"(?:息子|娘|子|子供|子ども|[男女児生])の((?:母|父)親?)(?=です(?!が亡)|で、|でござ|をして)", 1),
    (r"(?<![A-Za-z])(OL)(?=です|で、|、|をして|してい|やって|$)", 1),
    (
        r"(?:^|[。、\n ])((?:母|父)(?:親)?)(?=の(?!介護|病|世話|件|死|こと|ため|看病|話|影響)[^。、\nをがはにで]{1,6}です|です|でございます)",
        1,
    ),
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
        ("住んで", "住まい", "居住地", "在住は"),
    ),
    (rf"({PLACE})(?:の?[ぁ-ん一-龥]{{0,4}})?{_LIVES}", 1),
    (rf"@[ ]?({PLACE}|{PLACE_JA})", 1),
    (
        r"(?:^|[。、\s]|は)(?!自分|相手|私|男|女)([一-龥ァ-ヶー]{2,10})(?:に(?:今|いま|ずっと)?住んで|に住む|の(?:あたり|辺り?|近く|方)(?:[。、\n]|です|に|で)|在住)",
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


def recognise(item: str, wide: str) -> Found | None:
    """Where the text says it, or None. ``wide`` has ASCII width; a refusal counts (rules I2)."""
    for table in (_REFUSED, _REFUSED_EN):
        if (pattern := table.get(item)) and (match := re.search(pattern, wide, re.I)):
            return match.span(1)
    found = _recognised(item, wide)
    if found is None and (pattern := _PROXY.get(item)) and (match := re.search(pattern, wide)):
        return match.span(1 if match[1] else 2)  # 娘(25)のことです: a parent writes for a daughter
    return found


def _recognised(item: str, wide: str) -> Found | None:
    if item == "age":
        return first(
            wide,
            _AGE,
            lambda t, s, e: (
                not of_another(t, s, e) and not re.match(r"(?:年(?!生)|時間|ヶ月|か月|日間|分|万|円)", t[e : e + 3])
            ),
        )
    if item == "sex":
        return first(wide, _SEXES, lambda t, s, e: not of_another(t, s, e))
    if item == "region":
        return first(
            wide,
            _REGIONS,
            lambda t, s, e: not re.match(_ELSEWHERE, t[e : e + 8]) and not lives_elsewhere(t, s),
            place=place_possible(wide),
        )
    if item == "name":
        return named(wide)
    return None


@cache
def _bare_words() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    return (
        re.compile(rf"{AGED}|{NUM}|{GRADE}"),
        re.compile(rf"{SEX}|主婦|[mfMF]"),
        re.compile(rf"{PLACE}|{PLACE_JA}"),
    )


def listed(wide: str) -> dict[str, Found]:
    """Items given as bare words, apart by space, slash or line: 太郎/男/25歳/三重県; at the top or as a closing line."""
    age, sex, region = _bare_words()
    rows = [m for m in re.finditer(r"[^\n]+", wide) if m[0].strip()]
    found: dict[str, Found] = {}
    for run in (rows[:6], rows[-3:]):
        words: list[tuple[str, int, int]] = []
        for row in run:
            long = len(row[0].strip()) > 40
            parts = [
                (p[0], row.start() + p.start(), row.start() + p.end())
                for p in (() if long else re.finditer(r"[^ 、,・/|()（）]+", row[0]))
            ]
            if long or any(len(p[0]) > 12 for p in parts) or re.search(r"[。?？!]", row[0]):
                if words and run is not rows[-3:]:
                    break
                words = [] if run == rows[-3:] else words
                continue
            words += parts
        kinds: dict[str, Found] = {}
        rest: list[tuple[str, int, int]] = []
        for word, start, end in words:
            if age.fullmatch(word) and "age" not in kinds:
                kinds["age"] = (start, end)
            elif sex.fullmatch(word) and "sex" not in kinds:
                kinds["sex"] = (start, end)
            elif region.fullmatch(word) and "region" not in kinds:
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


_CONTACT = re.compile(
    r"(?:tel|fax|電話|携帯|〒|住所)?[ :.]*[\d\-+() ]{7,}.*|〒.*|(?:mail|e-mail|メール|tel|電話|携帯|住所)[ ]*:.*", re.I
)


def signature(wide: str) -> Found | None:
    """A name on a line of its own at the end: 花子, 山本 健一."""
    lines = [
        m
        for m in re.finditer(r"[^\n]+", wide)
        if m[0].strip() and not re.search(r"送信$|^[-_=*]+$|@|http|sent from", m[0].strip(), re.I)
    ]
    while len(lines) > 2 and _CONTACT.fullmatch(lines[-1][0].strip()):
        lines.pop()
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
            if word.endswith(("さん", "様", "先生")) or re.fullmatch("[ぁ-ん]", word):
                continue  # whom the mail is written to; the last of し に た い
            if word in ("敬具", "草々", "かしこ", "以上", "敬白", "拝具", "相談", "了解", "はい"):
                continue
            start = line.start() + line[0].index(word[0])
            return start, start + len(word)
    return None
