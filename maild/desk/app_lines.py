"""Lines that a mail app puts under what a counselor writes (rules P2): «iPhoneから送信», «Sent with Spark».

No list of sentences holds them all, so a line is known by its parts: the name of an app, a provider or a device, and
nothing but the words in which apps say that they sent it or where to get them. A sentence of a person holds more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from maild.mail.quote_marks import clean, is_program_signature

_LONGEST = 160  # characters of such a line, its links included
_LINES = 6  # lines from the end that are looked at
_LINKED = re.compile(r"\[([^\[\]]{1,60})\]\s?\([^()\s]{1,300}\)")
_URL = re.compile(r"[<(\[]?\s?(?:https?://|www\.)[^\s<>()\[\]]{1,300}\s?[>)\]]?|<mailto:[^<>\s]{1,200}>", re.IGNORECASE)
_ASIDE = re.compile(r"(?<=送信|した|ます)\s?\([^()]{1,40}\)?$")
_EDGES = " \t*_~|\"'“”「」『』【】[]()<>…・-–—"

_APP = (
    r"i ?phone|i ?pad|ipod|apple|mac ?book|imac|mac ?os|icloud|\bios\b|android|アンドロイド|galaxy|samsung|"
    r"xperia|aquos|pixel|arrows|huawei|oppo|xiaomi|redmi|zenfone|asus|digno|torque|kindle|blackberry|windows|surface|chromebook|"
    r"らくらく(?:ホン|フォン|スマートフォン)?|スマート ?フォン|スマホ|携帯|モバイル|タブレット|ガラホ|ガラケー|"
    r"mobile|smartphone|"
    r"tablet|phone|device|ドコモ|docomo|spモード|[is]モード|ezweb|\bau\b|au ?メール|ソフトバンク|softbank|y!? ?mobile|"
    r"ワイモバイル|楽天|rakuten|\buq\b|mineo|ahamo|povo|linemo|gmail|google|outlook|アウトルック|hotmail|microsoft|"
    r"office ?365|exchange|yahoo|ヤフー|proton|tuta|spark|readdle|edison|blue ?mail|aqua ?mail|k-?9|thunderbird|"
    r"サンダーバード|betterbird|fair ?e?mail|\bnine\b|boxer|airmail|mimestream|canary|newton|superhuman|\bhey\b|"
    r"shortwave|spike|polymail|em ?client|mail ?bird|mailspring|postbox|becky|shuriken|秀丸|sylpheed|claws|\bmutt\b|"
    r"evolution|kmail|geary|roundcube|zimbra|zoho|fast ?mail|\bgmx\b|\baol\b|my ?mail|cosmo ?sia|commu ?case|nifty|"
    r"ニフティ|biglobe|\bocn\b|so-net|plala|\bgoo\b|excite|infoseek|cybozu|サイボウズ|garoon|active! ?mail|naver|"
    r"\bqq\b|邮箱|foxmail|mail\.(?:com|ru|de)|メールアプリ|メールソフト|web ?メール|webmail|mail ?app"
)
_HAS_APP = re.compile(_APP)
# what else may stand beside the name of the app: whose it is, for what, which version. No verb, no person.
_BESIDE_APP = re.compile(
    r"[a-z0-9 .,!_&+'’/\-()ァ-ヶー・]|版|用|の|私|端末|電話|メール|セキュア|暗号化|公式|無料|高速|から|安全な"
)
_WHAT = r"(.{1,60}?)"
_DID = (
    r"(?:送信|送付|返信|作成|転送|配信)"
    r"(?:し(?:ました|ています|ております|た)|され(?:ました|ています|た(?:メール|メッセージ)(?:です)?)|(?:メール|メッセージ)です)?"
)
_SORRY = r"(?:\s?[。.、,!]?\s?(?:簡[単潔素略]|短[いく]|短文|誤字|乱文|please|excuse|sorry).{0,60})?"
_JAPANESE = re.compile(
    rf"(?:この(?:メール|メッセージ)は、?\s?)?{_WHAT}\s?"
    rf"(?:から|で|より|にて|を(?:使って|使用して|利用して)|経由で)、?\s?(?:安全に|暗号化して)?{_DID}{_SORRY}[。.!]?$"
)
_GET_JAPANESE = re.compile(
    rf"{_WHAT}\s?を\s?(?:無料で)?(?:入手|ダウンロード|取得|インストール)(?:する|できます)?[。.!]?$"
)
_GET_OF = re.compile(rf"{_WHAT}\s?の?(?:入手|ダウンロード)(?:はこちら)?\s?[:：]?[。.]?$")
_ENGLISH = re.compile(
    r"(?:this (?:e-?mail|message) (?:was|has been) )?(?:securely )?"
    r"(sent|written|composed|typed|dictated|delivered|powered|created|encrypted)(?: securely)? "
    r"(?:from|via|with|using|by|on|through) .{1,100}$"
)
_GET_ENGLISH = re.compile(r"(?:get|download|install) (.{1,40}?)(?: app)?(?: for .{1,40}| on .{1,40})?[.!]?$")
_ELSEWHERE = re.compile(
    r"envoy|gesendet|verschickt|enviad|enviat|inviat|verzonden|verstuurd|skicka|sendt|lähetetty|wysłan|отправлен|gönderil"
    r"|gửi|发自|發自|发送|發送|傳送|寄自|寄件|보냄|보냈|전송"
    r"|dikirim|télécharg|obten|scarica|holen|beziehen|baixe|获取|下载|下載|다운로드"
    r"|ดาวน์โหลด|ส่งจาก|odesláno|küldve|trimis"
)
_KANA = re.compile("[\u3041-\u30fe]")
_SLOGAN = re.compile(r"yahoo!? ?mail[:\-–— ]{1,3}search, organi[sz]e.{0,40}$|yahoo!? ?メール ?[-–—―ー] ?.{0,60}$")
_BESIDE = re.compile(
    r"(?:please )?(?:excuse|forgive|pardon) .{0,80}$"
    r"|(?:簡[単潔素略]|短文).{0,30}(?:ください|下さい|ません|さい|します)[。.!]?$"
)
_UNKNOWN = re.compile(
    r"(?:この(?:メール|メッセージ)は、?)?[a-z0-9 ._+\-!ァ-ヶー・]{2,40}"
    r"(?:(?:から|で|より)\s?送信(?:し(?:ました|ています)|されました)?|\s?を\s?(?:入手|ダウンロード)(?:する)?)[。.]?$"
)
_SHORT_RULE = re.compile(r"[-–—_]{2,3}$")


def is_app_line(line: str) -> bool:
    """Whether an app wrote this line."""
    if len(line) > _LONGEST:
        return False
    bare = _bare(line)
    if not 0 < len(bare) <= 100:
        return False
    return is_program_signature(line) or _is_said(bare)


def _bare(line: str) -> str:
    shown = _URL.sub("", _LINKED.sub(r"\1", clean(line)))
    return _ASIDE.sub("", re.sub(r"\s+", " ", shown).strip(_EDGES + ")")).strip(_EDGES).casefold()


def _is_said(bare: str) -> bool:
    got = _GET_ENGLISH.match(bare)
    if got is not None and _HAS_APP.match(got[1]):
        return True
    for pattern in (_JAPANESE, _GET_JAPANESE, _GET_OF):
        found = pattern.match(bare)
        if found is not None and _is_app(found[1]):
            return True
    if _SLOGAN.match(bare):
        return True
    if _HAS_APP.search(bare) is None or _KANA.search(bare):
        return False
    return _ENGLISH.match(bare) is not None or (len(bare) <= 60 and _ELSEWHERE.search(bare) is not None)


def _is_app(words: str) -> bool:
    """The name of an app and what may stand beside it, nothing else."""
    rest, count = _HAS_APP.subn("", words)
    return count > 0 and not _BESIDE_APP.sub("", rest)


def _is_link(line: str) -> bool:
    return len(line) <= 400 and bool(_URL.search(line)) and not _bare(line)


def cut(lines: Sequence[str]) -> tuple[list[str], bool]:
    """The lines without those of an app at their end; true where a last line looks like one of an app unknown."""
    kept = list(lines)
    while True:
        end = _first_of_app(kept)
        if end is None:
            break
        kept = kept[:end]
        if kept and _SHORT_RULE.match(clean(kept[-1])) and kept[-1] not in ("-- ", "--"):
            kept.pop()  # a short rule drawn directly above belongs to it
    last = next((at for at in range(len(kept) - 1, -1, -1) if clean(kept[at])), None)
    alone = last is not None and last > 0 and not clean(kept[last - 1])
    unknown = alone and last is not None and len(kept[last]) <= 80 and _UNKNOWN.match(_bare(kept[last])) is not None
    return kept, unknown


def _first_of_app(lines: Sequence[str]) -> int | None:
    """Where the app's last words begin, with the link or the apology below them."""
    seen = 0
    for at in range(len(lines) - 1, -1, -1):
        if not clean(lines[at]):
            continue
        if is_app_line(lines[at]):
            return at
        seen += 1
        if seen >= _LINES or not (_is_link(lines[at]) or _BESIDE.match(_bare(lines[at]))):
            return None
    return None
