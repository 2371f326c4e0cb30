"""Whether a client asks in plain words to end the case or to have it erased (rules C15): shown to staff, nothing more."""

from __future__ import annotations

import re
import unicodedata

_END = re.compile(
    r"(相談|やりとり|やり取り|メール)(は|を|も)?(これで|もう|ここで)?(終わり|終了|おしまい|やめ|止め|辞め|打ち切)(に|りに|たい|ます|にし|さ)"
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


def find(text: str) -> tuple[str, ...]:
    """The wishes in a client's own text: ``end``, ``erase``."""
    folded = re.sub(r"[ \u3000\t]+", " ", unicodedata.normalize("NFKC", text[:100_000])).lower()
    found = []
    if _END.search(folded):
        found.append("end")
    if _ERASE.search(folded):
        found.append("erase")
    return tuple(found)
