"""Whether a machine sent a mail (RFC 3834; rules M3): such mail is never answered and never counts.

A person's mail taken for a machine's would go unanswered, which is the worse error: so a sign must be a machine's own.
Two that look alike are told apart with care. ``X-Auto-Response-Suppress`` is on ordinary Outlook mail as ``DR, RN``
([MS-OXCMAIL] 2.1.3.2.20: only no receipts, please); and a subject that answers *our* automatic mail quotes its words.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from maild.mail.header import Parameters, decode_text, parse_parameters, strip_comments, token, unfold
from maild.mail.structure import Part

NULL_REVERSE_PATH: Final = "RFC 3834 section 2: null reverse-path"
AUTO_SUBMITTED: Final = "RFC 3834 section 2: Auto-Submitted"
PRECEDENCE: Final = "RFC 3834 section 2: Precedence"
LIST: Final = "RFC 3834 section 2: List-* (RFC 2369, RFC 2919)"
SUPPRESS: Final = "MS-OXCMAIL 2.1.3.2.20: X-Auto-Response-Suppress"
SENDER: Final = "RFC 3834 section 2: sender is a program"
OURSELVES: Final = "RFC 3834 section 2: sent by ourselves"
READ_RECEIPT: Final = "RFC 8098: read receipt"
FEEDBACK: Final = "RFC 5965: feedback report"
DELIVERY: Final = "RFC 3464: delivery report"
REPORT: Final = "RFC 6522: report"
VENDOR: Final = "RFC 3834 section 3.1.8: vendor header"
SUBJECT: Final = "RFC 3834 section 3.1.5: subject of an automatic reply"

_REPORT_TYPES: Final = {
    "disposition-notification": READ_RECEIPT,
    "feedback-report": FEEDBACK,
    "delivery-status": DELIVERY,
}
_MAX_TYPE: Final = 4_000  # characters of a Content-Type that are read here
_SAID_NO: Final = frozenset({"", "no", "none", "false", "0", "off"})
_VENDOR_NAME: Final = re.compile(
    r"(?:x-)?(?:mail-?)?(?:auto-?(?:reply|replied|respon[sd]|generated|answer)|vacation|out-?of-?office)"
)
_VENDOR_OTHER: Final = frozenset({"x-fc-machinegenerated", "x-cron-env", "x-amazon-auto-reply", "x-autoreply-from"})
_VENDOR_VALUE: Final = {
    "delivered-to": "autoresponder",
    "x-post-messageclass": "autoresponder",
    "x-precedence": "",
    "preference": "auto_reply",
    "x-mailer": "autorespon",
}
# Fields that nothing here but the sender and the subject is told by: most mails have few others.
_ORDINARY: Final = frozenset(
    [
        *("received", "return-path", "from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date", "message-id"),
        *("in-reply-to", "references", "mime-version", "content-type", "content-transfer-encoding", "content-language"),
        *("content-disposition", "authentication-results", "received-spf", "dkim-signature", "user-agent"),
        *("thread-index", "thread-topic", "importance", "x-priority", "x-originating-ip"),
    ]
)
_MAILING_LIST: Final = frozenset({"mailing-list", "x-mailing-list", "x-ml-name", "x-ml-count", "x-mlserver"})
_PROGRAM: Final = re.compile(
    r"(?:mailer[-_.]?daemon|mail[-_.]?daemon|postmaster|(?:auto|do)?[-_.]?(?:no|not|non|nt)[-_.]?(?:to[-_.]?)?reply"
    r"|auto[-_.]?(?:reply|respond(?:er)?|response|confirm|mailer|answer)|majordomo|listserv|mailman)\d{0,6}(?:[-_.+=].*)?\Z|owner-|bounces?\+.*="
)
_PROGRAM_SUFFIX: Final = re.compile(
    r".*[-_.+](?:do[-_.]?)?(?:no|not|nt)[-_.]?reply\Z|.+-(?:owner|request|bounces?|errors)(?:\+.*)?\Z", re.DOTALL
)
_PROGRAM_ENVELOPE: Final = re.compile(
    r"(?:mailer[-_.]?daemon|mail[-_.]?daemon|owner-.*|.+-owner|.+-bounces?|.+-request)(?:[+=].*)?\Z", re.DOTALL
)
# One of these stands in whatever the next patterns match, and in few subjects of people.
_SUBJECT_SIGNS: Final = frozenset("aoAO自자不休外出")
# The words that name an automatic reply, and what closes them: a person's sentence goes on instead.
_STRONG: Final = (
    r"自動(?:返信|応答|回答|配信|送信|返答)(?:メール|通知|メッセージ|のお知らせ)?"
    r"|auto(?:matic(?:ally)?|mated)?[-_ ]?(?:reply|respon[sd]e?r?)"
    r"|out[- ]of[- ](?:the[- ])?office(?:[- ](?:auto ?reply|reply|message|notification))?"
    r"|ooo|vacation (?:message|reply|response)|away from (?:my|the) (?:mail|office|desk)"
    r"|自动(?:回复|答复)|자동 ?(?:응답|회신)|automatische antwort|abwesenheits(?:notiz|nachricht)"
    r"|réponse automatique|respuesta automática|risposta automatica|resposta automática"
    r"|不在(?:通知|連絡|返信|応答|メッセージ|届)(?:メール)?|(?:長期|一時)?不在の(?:お知らせ|ご連絡|御連絡|ため)"
    r"|休暇(?:通知|連絡|のお知らせ|のご連絡)"
)
_WEAK: Final = (
    r"(?:夏季|冬季|年末年始|産休|育児?休|長期|有給|夏期)?休[暇業](?:中|取得中)?(?:の(?:お知らせ|ご連絡|ご案内))?"
    r"|(?:ただいま|現在)?(?:外出|出張|不在)中?(?:です|につき.{0,20})?|auto"
)
_OPEN: Final = r"\s*[\[［【〔(（<＜「『*＊\s◆◇■□●○★☆※#＃!！]*\s*"
_CLOSE: Final = r"\s*(?:[\]］】〕)）>＞」』*＊:：,、;；|｜/／\-―—–◆◇■□●○★☆※!！]|\Z)"
_STRONG_SUBJECT: Final = re.compile(rf"{_OPEN}(?:{_STRONG}){_CLOSE}", re.I)
_WEAK_SUBJECT: Final = re.compile(rf"{_OPEN}(?:{_WEAK}){_CLOSE}", re.I)
# Words put before the whole subject of the mail that is answered: a person's program puts ``Re:`` first.
_BEFORE_REPLY: Final = r"(?:" + _CLOSE + r"|\s)\s*re\s*[:：]"
_STRONG_BEFORE: Final = re.compile(rf"{_OPEN}(?:(?:i am|i'm) (?:currently )?)?(?:{_STRONG}){_BEFORE_REPLY}", re.I)
_WEAK_BEFORE: Final = re.compile(rf"{_OPEN}(?:{_WEAK}|vacation){_BEFORE_REPLY}", re.I)
_AUTOMATIC_TEXT: Final = re.compile(
    r"自動(?:返信|応答|的に|送信|配信|で(?:返信|送信|お送り))"
    r"|(?:休暇|不在|出張|休業|外出)[^\n]{0,60}(?:期間|ため|につき|まで|しており|いたします|中です)[^\n]{0,200}"
    # what an office says of its answers; 「連絡がとれません」 or 「返信ください」 is a person
    r"(?:(?:返信|返答|回答|対応|連絡|確認|返事)(?:は|を|が|も|に)?(?:でき|出来|いたし|致し|します|させて|差し上げ|遅|お時間)"
    r"|戻り次第|(?:帰社|出社|休暇明け)(?:後|次第|に))"
    r"|(?:auto(?:matic|mated)|out of (?:the )?office)",
    re.I,
)


def clause(
    root: Part,
    from_address: str,
    envelope_from: str | None,
    subject: str,
    text: str,
    ours: Collection[str] = (),
) -> str | None:
    """The clause by which a machine sent the message ``root``, or None where nothing says so.

    ``envelope_from`` is the SMTP reverse-path (``""``: null; None: unknown), ``ours`` our own canonical addresses.
    """
    if envelope_from is not None and envelope_from.strip() in ("", "<>"):
        return NULL_REVERSE_PATH
    fields = root.by_name
    telling = {name: raws for name, raws in fields.items() if name not in _ORDINARY}
    return (
        _by_standard_headers(telling)
        or _by_report(root)
        or _by_sender(fields, from_address, envelope_from or "", ours)
        or _by_vendor_headers(telling)
        or _by_subject(fields, subject, text)
    )


def _by_standard_headers(fields: dict[str, list[str]]) -> str | None:
    for raw in fields.get("auto-submitted", []):
        if token(raw) not in ("", "no"):
            return AUTO_SUBMITTED
    for name in ("precedence", "x-precedence"):
        for raw in fields.get(name, []):
            if token(raw) in ("bulk", "junk", "list", "auto_reply", "auto-reply"):
                return PRECEDENCE
    if any(name.startswith("list-") or name in _MAILING_LIST for name in fields):
        return LIST
    for raw in fields.get("x-auto-response-suppress", []):
        values = set(re.split(r"[\s,;]+", strip_comments(unfold(raw)).lower()))
        if values & {"all", "oof", "autoreply"}:
            return SUPPRESS
    return None


def _by_report(root: Part) -> str | None:
    if not root.type.startswith(("multipart/", "message/")) and len(root.first("content-type")) <= _MAX_TYPE:
        return None
    content_type = _content_type(root)
    kind = content_type.value
    if not kind.startswith(("multipart/", "message/")):
        return None
    if kind == "multipart/report":
        report = content_type.given.get("report-type", "").lower()
        if report in _REPORT_TYPES:
            return _REPORT_TYPES[report]
    for part in _outer_parts(root, 0):
        main, _, sub = _content_type(part).value.partition("/")
        if main == "message" and sub.removeprefix("global-") in _REPORT_TYPES:
            return _REPORT_TYPES[sub.removeprefix("global-")]
    return REPORT if kind == "multipart/report" else None


def _outer_parts(part: Part, depth: int) -> list[Part]:
    """The parts of this message itself: what a person forwards is not looked into."""
    found = [part]
    if depth < 3 and part.children and _content_type(part).value.startswith("multipart/"):
        for child in part.children[:20]:
            found += _outer_parts(child, depth + 1)
    return found


def _content_type(part: Part) -> Parameters:
    return parse_parameters(part.first("content-type")[:_MAX_TYPE])


def _by_sender(
    fields: dict[str, list[str]], from_address: str, envelope_from: str, ours: Collection[str]
) -> str | None:
    envelope = envelope_from.strip().strip("<>").lower()
    if from_address in ours or envelope in ours or _without_tag(from_address) in ours:
        return OURSELVES
    local = from_address.rpartition("@")[0]
    if not from_address:
        # "MAILER-DAEMON" alone or an empty mailbox is how mail servers sign.
        alone = strip_comments(unfold((fields.get("from") or [""])[0][:1_000])).strip()
        # A name beside it may be a person's whose phone left the address out: they would wait for ever.
        if alone == "<>" or re.search(
            r"(?i)mailer[-_.]?daemon|^mail(?: delivery)? (?:sub)?system|^postmaster\b", alone
        ):
            return SENDER
    if local and (_PROGRAM.match(local) or _PROGRAM_SUFFIX.match(local)):
        return SENDER
    if _PROGRAM_ENVELOPE.match(envelope.rpartition("@")[0] or envelope):
        return SENDER
    return None


def _without_tag(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _by_vendor_headers(fields: dict[str, list[str]]) -> str | None:
    for name, raws in fields.items():
        if name in _VENDOR_OTHER:
            return VENDOR
        if name in ("auto-submitted", "x-auto-response-suppress"):
            continue
        if _VENDOR_NAME.match(name) and any(token(raw) not in _SAID_NO for raw in raws):
            return VENDOR
        wanted = _VENDOR_VALUE.get(name)
        if wanted and any(wanted in raw.lower() for raw in raws):
            return VENDOR
    return None


def _by_subject(fields: dict[str, list[str]], subject: str, text: str) -> str | None:
    subject = subject[:200] or decode_text((fields.get("subject") or [""])[0][:1_000])
    if _SUBJECT_SIGNS.isdisjoint(subject):
        return None
    if _STRONG_SUBJECT.match(subject):
        return SUBJECT
    before = "re" in subject[1:].lower()
    if before and _STRONG_BEFORE.match(subject):
        return SUBJECT
    answers = bool(fields.get("in-reply-to") or fields.get("references"))
    weak = (answers and _WEAK_SUBJECT.match(subject)) or (before and _WEAK_BEFORE.match(subject))
    if weak and _AUTOMATIC_TEXT.search(text[:2_000]):
        return SUBJECT
    return None
