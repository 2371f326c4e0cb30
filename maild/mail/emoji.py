"""Carriers' emoji in the private use area, made readable (rules M5).

docomo's set (U+E63E..U+E757, which is Shift_JIS 0xF89F..0xF9FC) collides with no other carrier's and is mapped;
any other private character becomes 〓. A feeling that a client put into a picture is part of what they say.
"""

from __future__ import annotations

import re
from typing import Final

_RUNS: Final = {
    0xE63E: "☀☁☔⛄⚡🌀🌁🌂♈♉♊♋♌♍♎♏♐♑♒♓🎽⚾⛳🎾⚽🎿🏀🏁📟🚃Ⓜ🚄🚗🚙🚌🚢✈🏠🏢🏣🏥🏦🏧🏨🏪"
    "⛽🅿🚥🚻🍴☕🍸🍺🍔👠✂🎤🎥↗🎠🎧🎨🎩🎪🎫🚬"
    "🚭📷👜📖🎀🎁🎂☎📱📝📺🎮💿♥♠♦♣👀👂✊✌✋↘↖👣👟👓♿🌑🌔🌓🌙🌕🐶🐱⛵🎄↙",
    0xE6EC: "❤💓💔💕😃😠😞😖😵⤴🎵♨💠💋✨💡💢👊💣🎶⤵💤❗⁉‼💥💦💧💨〰➰",
    0xE723: "😰😡😌😍👍😜😉😆😣😏😭😢",
}
_TABLE: Final = {
    start + i: char for start, chars in _RUNS.items() for i, char in enumerate(chars.replace("\ufe0f", ""))
}
_PRIVATE: Final = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")


def _one(match: re.Match[str]) -> str:
    return _TABLE.get(ord(match.group()), "〓")


def readable(text: str) -> str:
    """The text without private use characters."""
    if text.isascii():
        return text
    return _PRIVATE.sub(_one, text)
