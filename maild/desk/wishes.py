"""Whether a client asks in plain words to end the case or to have it erased (rules C15): shown to staff, no more.

A false hit costs a glance, a missed one leaves somebody with a desk that does not listen. What others said (と言われ
ました), what was done already (削除しました) and a life that somebody wants to end (K1's, not ours) are no such wish.
"""

# ruff: noqa: E501
# Patterns and word lists are read whole, and ruff counts a kanji as two columns.
from __future__ import annotations

import re

from maild.desk.textfold import normal

_ASKED = r"[てで](?:くだ|下さ|ほし|欲し|もらい|もらえ(?!な|ませんで)|もらって(?:も|いい|大丈夫)|もらう|もらお|いただ(?!けな)|頂|ちょうだい|くれ(?:ます|ませんか|ない(?:です|でしょう)?か|[。!]|$)|お[いきく])"
_WANT = rf"(?:し?たい|[しり]?ます|さ?せ(?:たい|ます)|(?:し|さ?せ)?{_ASKED}|しよう(?:と思|か)|よう(?:と思|か)|る(?:こと|つもり)|お願い|願い|希望|で(?:いい|良い|よい|結構|大丈夫|お願い|す)|に(?:し|させ|でき)|を(?:お願い|希望)|ことに)"
_CASE = r"(?:相談|やりとり|やり取り|メール相談|メール|ケース|この件|今回の件|カウンセリング|利用)"
_STOP = r"(?:終わ(?:り|ら|る)|終え|おしまい|とりや?め|取り?(?:や|止)め|(?:や|止|辞)め(?!ない)|打ち切(?:り|って)|終了|終結|中止|中断|取り下げ|キャンセル|退会|解約|閉じ|クローズ|[な無]かったことに|ここまで|見送|辞退)"
# 相談は会社を辞めたい…: nothing else may be what stops
_BETWEEN_THEM = r"(?:は|を|も|の|が|に|で|、|する|した|中|途中|こと|件|続け|継続|これ|ここ|まで|今回|もう|一旦|いったん|一度|そろそろ|本日|今日|自体|全体|全て|すべて|全部|もろもろ|メール|相談){0,6}"
_NO_MORE = r"(?:もう|これ以上|今後|これから|以後|二度と)"
_LETTER = r"(?:返信|返事|連絡|回答|メール)"
_NOT_NEEDED = r"(?:いりません|要りません|いらない(?!くらい)|不要|結構です|けっこうです|控え[てま]|遠慮|(?:して(?:こ|い)?|し|送ら|送って(?:こ)?|寄こさ|よこさ)ないで(?:くだ|下|ほし|欲し|[。!]|$)|(?:して(?:いただか|もらわ|くださら)?|し|いただか|頂か|もらわ|くださら|下さら)なくて(?:も)?(?:いい|良い|よい|大丈夫|結構|けっこう|構い|かまい))"
# what each of the patterns begins with: a dozen alternatives need not be tried at every character
_END = re.compile(
    rf"(?=[相やメケこ今カ利も以二返連回そ解問件悩トcestwnpimd])(?:{_CASE}{_BETWEEN_THEM}{_STOP}{_WANT}"
    rf"|{_CASE}(?:は|も)(?:もう|これで|ここで)?結構です"
    rf"|(?:これで|ここで|今回で|これにて)(?:相談を?)?(?:終わり|終了|おしまい)(?:に(?:して|したい|します|させて)|で(?:いい|良い|結構|大丈夫|お願い|す))"
    rf"|{_NO_MORE}(?:お|ご|の|、|は|私に|こちらに){{0,3}}{_LETTER}[^。\n、]{{0,6}}{_NOT_NEEDED}"
    rf"|{_LETTER}(?:は|も)?{_NO_MORE}{_NOT_NEEDED}"
    r"|相談[はをの]?(?:もう|これ以上)?(?:継続|続き|続行)?[はをも]?(?:希望し|続け|いたし|し)ません(?!か|でした)|もう相談(?:は|を)?(?:し|いたし)ません(?!か|でした)|そっとしておいて(?:くだ|下さ|ほし|欲し)"
    r"|もう(?:これで)?(?:結構|けっこう)です(?!か|が)"
    r"|もう大丈夫です(?:ので|から)?、?[^。\n]{0,12}(?:相談|連絡|返信|返事|終わ|終了)|もう大丈夫です。[^。\n]{0,12}(?:連絡|返信|返事)は(?:結構|不要|いりません)"
    r"|(?<!問題を)(?<!悩みを)解決(?:し|いたし|でき)(?:ました|た)(?!か|が|ら|い|け|の(?:です|でしょう)か)"
    r"|(?:問題|件|悩み|トラブル|こと)[はがも]?(?:無事に?|すべて|全部)?(?:片付|片づ|済)[きいみん](?:まし|だ|た)"
    r"|\b(?:close|end|stop|cancel|withdraw|terminate) (?:my|this|the|our) (?:case|consultation|counsel+ing|request|ticket)|\bno (?:more|further) (?:repl|e-?mail|message|contact|answer)|\b(?:problem|issue|matter|trouble) (?:is|was|has been|got) (?:now |already )?(?:re)?solved|stop (?:e-?mailing|writing(?: to)?|contacting) me"
    r"|(?:do not|don't|no longer|not) (?:need|want) (?:any )?(?:more|further) (?:repl|mail|e-?mail|message|answer|contact)|(?:please )?(?:do not|don't) (?:reply|write|contact|mail|e-?mail)(?: to)? me (?:any ?more|again))",
)
_THINGS = r"(?:相談|記録|個人情報|情報|メール|データ|内容|履歴|やりとり|やり取り|書いた(?:こと|もの)|送った(?:こと|もの)|文章|登録|全部|すべて|全て)"
_ERASE = re.compile(
    rf"(?=[相記個情メデ内履や書送文登全すderwlhg])(?:{_THINGS}[^。\n]{{0,12}}?(?:(?:削除|消去|抹消|破棄|廃棄|処分)(?:を(?:お願|希望|依頼|請求|求め|し{_ASKED}|して(?:い?ただ|頂))|し(?:{_ASKED}|たい)|いただ|頂|願|希望|依頼|で?お願い|(?:は|って)?(?:でき(?:ます|ない(?:です|でしょう)?か)|可能)|することは)"
    rf"|(?:消|け)し(?:{_ASKED}|たいのですが)|(?:消|け)す(?:こと(?:は|って)|のは)(?:でき|可能)|(?:残さ|残し|保存し|保管し|取っておか)ない(?:で(?:くだ|下|ほし|欲し|もら|いただ)|ように(?:し[てた]|お願)))"
    r"|(?<![a-z])(?:delete|erase|remove|destroy) (?:all )?(?:of )?(?:(?:my|the|our) (?:\w+ ){0,2}?(?:data|e-?mails?|mails?|messages?|records?|information|info|case|account|consultation|history|details)|everything)"
    r"|(?:want|like|wish|request|have|get) (?:all )?(?:my|the) (?:\w+ ){0,2}?(?:data|e-?mails?|mails?|messages?|records?|information|history|case)(?: to be)? (?:deleted|erased|removed))",
)
# said by others, or of what is others'
_REPORTED = re.compile(
    r"[^。\n]{0,8}?(?:と|って)(?:言わ|いわ|言っ|言い(?!ます)|いい|頼|告げ|答え|伝えたら|返って|断ら|彼|母|父|夫|妻)"
)
_NOT_OURS = re.compile(
    r"(?:(?:彼氏?|彼女|元彼|元カ[レノ]|夫|妻|主人|旦那|母|父|親|友達|友人|上司|先生|相手|会社|職場|仕事|学校|line|ライン|sns|ネット|掲示板|ブログ|インスタ|ツイッター|twitter)(?:と|から|へ|に|が|は)?の?|(?:彼氏?|彼女|元彼|夫|妻|母|父|会社|相手|友達|ネット|sns|掲示板)[^。、\n]{1,10})$"
)


# Without one of these nothing above can match, however it is spaced. No alternative begins with a class: then the search
# looks at the first characters alone.
_END_SIGN = re.compile(
    "終|おしまい|やめ|止め|辞め|打ち切|中止|中断|取り下げ|キャンセル|退会|解約|閉じ|クローズ|かったことに|ここまで|けっこう|結構です|もう|これ以上|今後|これから|以後|二度と"
    "|解決|片付|片づ|済み|済ん|見送|辞退|相談.{0,12}ません|そっと|solve|close|end|stop|cancel|withdraw|terminate|more|further|again"
)
_ERASE_SIGN = re.compile(
    "削除|消去|消し|消す|けし|けす|抹消|破棄|廃棄|処分|残さ|残し|保存|保管|取っておか|delete|erase|remove|destroy"
)
_ANY_SIGN = re.compile(f"{_END_SIGN.pattern}|{_ERASE_SIGN.pattern}")  # most mails hold none
_BETWEEN = re.compile(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])")


def _wished(pattern: re.Pattern[str], text: str) -> bool:
    return any(
        not _REPORTED.match(text, hit.end()) and not _NOT_OURS.search(text[max(0, hit.start() - 20) : hit.start()])
        for hit in pattern.finditer(text)
    )


def _once_spaced(text: str) -> str:
    """Spaces one by one, and none between Japanese characters: 相談を 終了します."""
    text = text.replace("\t", " ")
    while "  " in text:
        text = text.replace("  ", " ")
    return _BETWEEN.sub("", text) if " " in text else text


def find(text: str) -> tuple[str, ...]:
    """The wishes in a client's own text: ``end``, ``erase``."""
    whole = normal(text[:100_000])
    dense = whole.replace(" ", "").replace("\t", "")
    if not _ANY_SIGN.search(dense):
        return ()
    wishes = []
    if _END_SIGN.search(dense) and _wished(_END, _once_spaced(whole)):
        wishes.append("end")
    if _ERASE_SIGN.search(dense) and _wished(_ERASE, _once_spaced(whole)):
        wishes.append("erase")
    return tuple(wishes)
