"""Whether a client asks in plain words to end the case or to have it erased (rules C15): shown to staff, no more."""

from __future__ import annotations

import re
import unicodedata

from maild.mail.charmap import NARROW

_END = re.compile(
    r"(相談|やりとり|やり取り|メール)(は|を|も|の)?(これで|もう|ここで|今回で|一旦|いったん)?"
    r"(終わ(りに|りたい|らせ|ります)|終え(たい|ます|させ)|おしまいに|(やめ|止め|辞め)(たい|ます|させ|にし)|打ち切(りに|りたい|って)"
    r"|終了(に|を|させ|でお願い|し(ます|たい|て(くだ|下|ほし|欲し|もら|いただ|頂))))"
    r"|(これで|ここで|今回で)(相談を?)?(終わり|終了|おしまい)に(して|したい|します|させて)"
    r"|もう(返信|返事|連絡)は?(いりません|要りません|不要です|結構です|しないで)"
    r"|(please )?(close|end|stop) (my|this|the) (case|consultation)",
)
_ERASE = re.compile(
    r"(相談|記録|個人情報|情報|メール|データ|内容|履歴|全部|すべて|全て)(は|を|も|の|が)?(全部|すべて|全て)?"
    r"(削除|消去|抹消|破棄)(を|して|いただ|頂|をお願い|願|希望|し(て|た)|してほし|依頼)"
    r"|(相談|記録|個人情報|情報|メール|データ|内容|履歴|全部|すべて|全て)(は|を|も|の)?(全部|すべて|全て)?消して(ほし|欲し|くださ|下さ|もら)"
    r"|(delete|erase|remove) (all )?(my|the|everything)",
)


# Without one of these nothing above can match, however it is spaced.
_SIGN = re.compile(
    "終|おしまい|やめ|止め|辞め|打ち切|もう(?:返|連)|close|end|stop|削除|消|抹消|破棄|delete|erase|remove"
)
_SPACES = re.compile(r"[ \u3000\t]+")
_BETWEEN = re.compile(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])")


def find(text: str) -> tuple[str, ...]:
    """The wishes in a client's own text: ``end``, ``erase``."""
    folded = unicodedata.normalize("NFKC", NARROW(text[:100_000])).lower()
    if not _SIGN.search(_SPACES.sub("", folded)):
        return ()
    folded = _SPACES.sub(" ", folded)
    folded = _BETWEEN.sub("", folded)  # 相談を 終了します
    found = []
    if _END.search(folded):
        found.append("end")
    if _ERASE.search(folded):
        found.append("erase")
    return tuple(found)
