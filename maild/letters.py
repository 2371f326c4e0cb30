"""The table of letters: to whom each template goes and which variables it may use, with sample values (rules "Templates").

Data only. Whoever composes a letter gives it ``desk case rules terms hotlines language`` (counselors' ones ``marks`` too)
and its own variables; what is left out takes its default. ``maild check`` and the tests render every sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, Literal

from maild.desk.rules import Hotline

Audience = Literal["client", "counselor", "operator"]
CaseUse = Literal["always", "maybe", "never"]


class Required:
    """Stands where a variable has no default."""


REQUIRED: Final = Required()


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a letter: its type in words, its meaning, and what it is when nobody gives it."""

    name: str
    kind: str
    meaning: str
    default: object = REQUIRED


@dataclass(frozen=True, slots=True)
class LetterSpec:
    """One template: ``case`` says whether letters of this name are about a case (``never``: it must not show one)."""

    audience: Audience
    purpose: str
    variables: tuple[Variable, ...] = ()
    samples: tuple[Mapping[str, object], ...] = ({},)
    case: CaseUse = "always"

    @property
    def defaults(self) -> dict[str, object]:
        """The values of the variables that may be left out."""
        return {v.name: v.default for v in self.variables if v.default is not REQUIRED}


@dataclass(frozen=True, slots=True)
class DeskView:
    """What letters see of a desk."""

    name: str
    display_name: str
    address: str
    kind: str = "consultation"


@dataclass(frozen=True, slots=True)
class CaseView:
    """What letters see of a case. ``tag`` stands in subjects to the client and betrays nothing (P10)."""

    number: int
    tag: str
    name: str
    round_trip: int = 1
    round_trips: int = 3
    state: str = "waiting_desk"
    closes_on: date | None = None
    opened: date = date(2026, 1, 5)
    flags: tuple[str, ...] = ()
    previous: int | None = None


@dataclass(frozen=True, slots=True)
class TermsView:
    """The version of the terms in force."""

    version: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class MarksView:
    """The marks that keep a notice's internal lines from clients; the values are ``maild.desk.reply_text``'s."""

    begin: str
    end: str
    tag: str


# M2, P10: families share phones, so the tag in a client's subject is one that any shop or office could have written.
TAGS: Final[Mapping[str, str]] = {"ja": "[受付 {number}]", "en": "[Ref {number}]"}
ANONYMOUS: Final[Mapping[str, str]] = {"ja": "匿名", "en": "Anonymous"}

COMMON: Final = ("desk", "case", "rules", "terms", "hotlines", "language")

_DAY = date(2026, 2, 9)
_AT = datetime(2026, 1, 5, 0, 5, tzinfo=UTC)
_LATER = datetime(2026, 12, 3, 1, 0, tzinfo=UTC)
_TEXT = "お便りを読みました。\n\n朝がつらい日が続いているのですね。\n今日はここまで書けただけで十分です。"
_CLIENT = "このごろ眠れません。\n仕事に行く前に、おなかが痛くなります。"

SAMPLE_DESKS: Final = (
    DeskView("madoguchi", "メール相談窓口", "soudan@desk.example"),
    DeskView("yoyaku", "予約の窓口", "yoyaku@desk.example", "booking"),
    DeskView("sonogo", "その後の窓口", "sonogo@desk.example", "aftercare"),
)
SAMPLE_CASE: Final = CaseView(12, "[受付 12]", "花子", 2, 3, "waiting_desk", None)
SAMPLE_CASES: Final = (
    SAMPLE_CASE,
    CaseView(13, "[受付 13]", "匿名", 1, 0, "waiting_client", _DAY, flags=("crisis",)),
    CaseView(140, "[受付 140]", "ひろし", 1, 3, "undeliverable", None, flags=("incomplete", "unheard_of"), previous=12),
    CaseView(7, "[受付 7]", "けん", 3, 3, "closed", None),
)
SAMPLE_TERMS: Final = (TermsView("2026-04", "https://desk.example/terms"), TermsView("第3"))
SAMPLE_HOTLINES: Final = (
    (
        Hotline("夜の電話", "0120-000-000", "24時間"),
        Hotline("十代の電話", "0120-111-111", "16時から21時", "https://teens.example/", "三重県", "18歳まで"),
        Hotline("話せる場所の一覧", url="https://list.example/"),
        Hotline("救急車", "119"),
    ),
    (),
)


def _v(name: str, kind: str, meaning: str, default: object = REQUIRED) -> Variable:
    return Variable(name, kind, meaning, default)


_CLOSES = _v("closes_on", "date | None", "last day the client can write (C4), None where no clock runs", None)
_PHONE = _v("phone", "str", "the desk's phone, empty where it has none", "")
_UNTIL = _v("until", "date | None", "last day of it, None where open", None)
_SLOTS = _v("slots", "list of instants", "free slots, nearest first")
_START = _v("start", "instant | None", "the appointment", None)
_MISSING = _v("missing", "list of str", "item codes (name sex age region content), or labels of a desk's own items")
_TEXTS = (
    _v("text", "str", "the counselor's words, verbatim"),
    _CLOSES,
    _v("round_trip", "int", "the round trip it belongs to", 0),
    _v("round_trips", "int", "how many there are; 0 = no limit", 0),
    _v("supplement", "bool", "adds to a reply before the client wrote again (C2)", False),
    _v("crisis", "bool", "the case is flagged: hotlines are added", False),
    _v("interim", "bool", "#interim: the turn stays with the desk (C14)", False),
)
_SHOWN = (
    _v("text", "str", "the client's own words"),
    _v("quoted", "str", "what they quoted, folded; empty for none", ""),
    _v("subject", "str", "their subject", ""),
    _v("arrived", "instant", "arrival instant (C7)"),
    _v("round_trip", "int", "the round trip under way", 0),
    _v("round_trips", "int", "how many there are; 0 = no limit", 0),
    _CLOSES,
    _v("exchange", "list of {who, at, text}", "earlier exchange, newest last; who: client, desk or note", ()),
    _v("flags", "list of str", "codes of the case and of this mail", ()),
    _v("attachments_dropped", "bool", "the mail had attachments, they are gone (A4)", False),
    _v("previous", "int | None", "number of the case it is linked to (C3, C8)", None),
    _v("companions", "list of str", "words of a proxy or of company that were found (I2)", ()),
    _v("intake", "list of (label, value)", "items found in the mail", ()),
    _v("missing", "list of str", "items still missing: shown incomplete (I1)", ()),
)
_LATE = _v("late", "bool", "the case is closed; only shown (C3)", False)
_REPEAT = _v("repeat", "int", "how often it was sent before (K4)", 0)
_SHOWN_SAMPLES: tuple[Mapping[str, object], ...] = (
    {"text": _CLIENT, "arrived": _AT},
    {
        "text": _CLIENT,
        "quoted": "先日のお返事\n2行目",
        "subject": "Re: [受付 12] お返事です",
        "arrived": _AT,
        "round_trip": 2,
        "round_trips": 3,
        "closes_on": _DAY,
        "exchange": [
            {"who": "client", "at": _AT, "text": "はじめまして。"},
            {"who": "desk", "at": _AT, "text": _TEXT},
            {"who": "note", "at": _AT, "text": "次の当番の方へ。"},
        ],
        "flags": ["crisis", "wish_erase", "unheard_of"],
        "attachments_dropped": True,
        "previous": 3,
        "companions": ["通訳", "同席"],
        "intake": [("名前", "花子"), ("年齢", "24歳")],
        "missing": ["sex", "求職番号"],
    },
    {"text": "", "arrived": _AT, "round_trip": 1, "missing": ["age"]},
)


def _client(
    purpose: str,
    variables: tuple[Variable, ...] = (),
    samples: tuple[Mapping[str, object], ...] = ({},),
    case: CaseUse = "maybe",
) -> LetterSpec:
    return LetterSpec("client", purpose, variables, samples, case)


def _staff(
    purpose: str,
    variables: tuple[Variable, ...],
    samples: tuple[Mapping[str, object], ...],
    case: CaseUse = "always",
) -> LetterSpec:
    return LetterSpec("counselor", purpose, variables, samples, case)


_MISSING_SAMPLES = (["age"], ["name", "sex", "age", "content"], ["求職番号", "region"])
_REPLY_SAMPLES: tuple[Mapping[str, object], ...] = (
    {"text": _TEXT},
    {"text": _TEXT, "closes_on": _DAY, "round_trip": 2, "round_trips": 3},
    {"text": _TEXT, "closes_on": _DAY, "round_trip": 1, "round_trips": 3, "supplement": True},
    {"text": _TEXT, "supplement": True},
    {"text": _TEXT, "round_trip": 3, "round_trips": 3, "crisis": True},
    {"text": _TEXT, "round_trip": 1, "round_trips": 3, "interim": True},
)

_TO_CLIENTS: dict[str, LetterSpec] = {
    "ack": _client(
        "First mail of each of the client's turns (I1, T); the first of a case says what consent means (C1).",
        (
            _v("first", "bool", "first mail of the case: terms, limits and hotlines are added", False),
            _v("resend_after_days", "int", "days after which to write again (C9); 0 = no number", 10),
            _CLOSES,
            _v("terms_changed", "bool", "the terms changed since the client was last told (S7)", False),
        ),
        ({}, {"first": True}, {"terms_changed": True, "resend_after_days": 0}),
    ),
    "crisis_ack": _client("At once on a crisis: who can be reached now (K2, K3). Promises no consultation."),
    "intake_missing": _client(
        "Asks for the items still missing (I1).",
        (_MISSING, _v("asked", "int", "which time we ask: 1 or 2", 1), _CLOSES),
        tuple({"missing": m, "asked": n, "closes_on": c} for m in _MISSING_SAMPLES for n, c in ((1, _DAY), (2, None))),
    ),
    "attachment_rejected": _client(
        "A mail with an attachment was not taken, or lost it (A1). Names no file (P10).",
        (
            _v("names", "list of str", "the attachments' names; never printed", ()),
            _CLOSES,
            _v("first", "bool", "there is no case yet", False),
            _v("stripped", "bool", "the text reached us without the file", False),
        ),
        ({"first": True}, {"closes_on": _DAY}, {"stripped": True}, {"stripped": True, "closes_on": _DAY}),
    ),
    "too_large": _client(
        "The mail was over the size limit (M6).", (_v("limit_mb", "int", "the limit"),), ({"limit_mb": 10},)
    ),
    "resend_received": _client(
        "The same mail came again on our turn (C10).",
        (_v("first_on", "date | instant", "when the first one came"),),
        ({"first_on": _DAY}, {"first_on": _AT}),
    ),
    "reply": _client("A counselor's reply (P2).", _TEXTS, _REPLY_SAMPLES, "always"),
    "final_reply": _client(
        "The reply of the last round trip, with the closing text (C3).", _TEXTS, _REPLY_SAMPLES, "always"
    ),
    "limit_reached": _client("All round trips are used up; the mail is only shown (C3)."),
    "closed_silence": _client("The days to write are over (C4, C5, I1).", (_CLOSES,), ({}, {"closes_on": _DAY})),
    "closed_by_counselor": _client("#close or #end (P4, C15)."),
    "reminder": _client(
        "The day comes near; off by default (D5).", (_v("closes_on", "date", "last day"),), ({"closes_on": _DAY},)
    ),
    "third_party": _client("Somebody else wrote (D2): neither confirms nor denies that a case exists.", case="never"),
    "declined_prank": _client("Declined as a prank (D1); names nobody to turn to."),
    "declined_urgent": _client("Declined: cannot wait for mail (D1)."),
    "declined_crisis": _client("A counselor declined a crisis (D1, K3)."),
    "declined_illegal": _client("Declined: against the law (D1)."),
    "declined_out_of_scope": _client("Declined: not what the desk does (D1)."),
    "declined_abuse": _client("Declined: threats or insults (D1); names nobody to turn to."),
    "suspended": _client("Answers a suspended client, once (D4).", (_UNTIL,), ({}, {"until": _DAY}), "never"),
    "terms_changed": _client(
        "A coming version of the terms (S7).",
        (
            _v("version", "str", "the new version"),
            _v("effective", "date", "from which day it holds"),
            _v("url", "str", "where it is", ""),
            _v("summary", "str", "what changes", ""),
        ),
        (
            {"version": "2026-10", "effective": _DAY},
            {"version": "2026-10", "effective": _DAY, "url": "https://desk.example/t", "summary": "お返事の日数です。"},
        ),
    ),
    "use_the_form": _client(
        "A form-only desk got a first mail (I3).",
        (_v("url", "str", "the form"),),
        ({"url": "https://desk.example/form"},),
    ),
    "service_end": _client(
        "The service ends, or has ended (C12).",
        (
            _v("ends_on", "date | None", "its last day; None when it is over", None),
            _v("text", "str", "the operator's words", ""),
        ),
        ({}, {"ends_on": _DAY, "text": "長いあいだ、ありがとうございました。"}),
    ),
    "announcement": _client(
        "The operator's words to open cases (B9).",
        (_v("text", "str", "the words"),),
        ({"text": "大雪のため、お休みします。"},),
    ),
    "interrupted": _client("The desk is paused (C13).", (_UNTIL,), ({}, {"until": _DAY})),
    "erased": _client("The records are gone (S3).", case="never"),
    "ask_doctor": _client("#ask-doctor: the consent of the client's doctor (P4). Counts nothing."),
    "ask_publication": _client("#ask-publication (P4): nothing is published without a yes."),
    "ask_decision": _client(
        "#ask-decision (D5).",
        (_v("deadline", "date | instant", "until when"),),
        ({"deadline": _DAY}, {"deadline": _AT}),
    ),
    "booking_received": _client(
        "A request for a booking came (B3b, T).",
        (
            _v("wished", "list of instants", "the wished times as read", ()),
            _PHONE,
            _v("first", "bool", "first mail of the case (C1)", False),
        ),
        ({}, {"wished": [_LATER, _AT], "phone": "0000-00-0000", "first": True}),
    ),
    "booking_items_missing": _client(
        "Asks for the items of a booking (B1).",
        (_MISSING, _PHONE, _CLOSES),
        tuple(
            {"missing": m, "phone": p, "closes_on": c}
            for m in _MISSING_SAMPLES
            for p, c in (("", None), ("0000-00-0000", _DAY))
        ),
    ),
    "booking_unavailable": _client(
        "The wished time cannot be had (B3).",
        (_SLOTS, _PHONE),
        ({"slots": []}, {"slots": [_LATER, _AT], "phone": "0000-00-0000"}),
    ),
    "booking_confirmed": _client(
        "The appointment stands (B4a).",
        (
            _v("start", "instant", "the appointment"),
            _v("minutes", "int", "its length; 0 = not said", 0),
            _v("items", "list of (label, value)", "all that was agreed", ()),
            _v("url", "str", "where to connect", ""),
            _v(
                "session",
                "{app, app_terms, online, identity_check, notes}",
                "[desk.session]: names and notes are text, the others bool",
                {"app": "", "app_terms": "", "online": False, "identity_check": False, "notes": ()},
            ),
            _PHONE,
            _v("cancel", "list of mail, phone", "how to cancel (B5)", ("mail",)),
            _v("same_day_phone", "bool", "on the day itself by phone only", False),
        ),
        (
            {"start": _LATER},
            {"start": _LATER, "phone": "0000-00-0000", "cancel": ["phone"]},
            {
                "start": _LATER,
                "minutes": 30,
                "items": [("お名前", "花子"), ("来る方法", "電車")],
                "url": "https://meet.example/a",
                "session": {
                    "app": "会議のアプリ",
                    "app_terms": "https://app.example/terms",
                    "online": True,
                    "identity_check": True,
                    "notes": ["5分前から入れます。"],
                },
                "phone": "0000-00-0000",
                "cancel": ["mail", "phone"],
                "same_day_phone": True,
            },
        ),
    ),
    "booking_cancelled": _client(
        "Cancelled (B5); by the desk: no strike, no fee.",
        (_START, _v("by_desk", "bool", "the desk cancelled", False)),
        ({}, {"start": _LATER}, {"start": _LATER, "by_desk": True}),
    ),
    "booking_not_agreed": _client(
        "Not agreed within the round trips (B2).", (_PHONE,), ({}, {"phone": "0000-00-0000"})
    ),
    "booking_refused": _client("Too many no-shows (B6).", (_PHONE,), ({}, {"phone": "0000-00-0000"})),
    "booking_moved": _client(
        "#move (B5).",
        (
            _v("start", "instant", "the new time"),
            _v("before", "instant | None", "the old one", None),
            _v("url", "str", "where to connect", ""),
            _PHONE,
        ),
        ({"start": _LATER}, {"start": _LATER, "before": _AT, "url": "https://meet.example/a", "phone": "0000-00-0000"}),
    ),
    "booking_offer": _client("#offer (B5).", (_SLOTS,), ({"slots": [_LATER]}, {"slots": [_LATER, _AT]})),
    "cancel_by_phone": _client(
        "A mail that may not cancel (B5); changes nothing.",
        (_PHONE, _START),
        ({}, {"phone": "0000-00-0000", "start": _LATER}),
    ),
    "not_eligible": _client("Not enrolled, or not for them (B8, B8a)."),
    "propose_session": _client(
        "#propose-session (B8).",
        (_v("booking", "str", "where to book: address or phone", ""),),
        ({}, {"booking": "https://desk.example/b"}),
    ),
}

_HELD_REASONS = (
    "answered_already", "client_wrote_again", "leak", "empty", "internal_block", "attachment", "uncertain", "review", "closed",
    "internal_text", "inside_internal", "forwarded", "unverified_quote", "text_after_quote", "edited_quote", "typed_quote",
    "moved_quote", "like_notice", "rewrapped_quote", "signature_unclear", "stray_command",
)  # fmt: skip
_DIGEST_CASE = {
    "number": 12, "name": "花子", "days": 4, "closes_on": None, "flags": ["crisis"], "round_trip": 1, "round_trips": 3,
    "review_on": None,
}  # fmt: skip

_TO_STAFF: dict[str, LetterSpec] = {
    "notice": _staff(
        "A client's mail, to the shared inbox (P1).",
        (*_SHOWN, _LATE),
        (*_SHOWN_SAMPLES, {**_SHOWN_SAMPLES[1], "late": True}),
    ),
    "notice_urgent": _staff(
        "A crisis: in place of notice (K2); again until #taken (K4).",
        (*_SHOWN, _REPEAT),
        (*_SHOWN_SAMPLES, {**_SHOWN_SAMPLES[1], "repeat": 2}),
    ),
    "notice_third_party": _staff(
        "A mail that claims a case from another address (D2), apart from the case.",
        (
            _v("text", "str", "what they wrote"),
            _v("subject", "str", "their subject", ""),
            _v("arrived", "instant", "arrival instant"),
            _v("claims", "int | None", "number of the case it claims", None),
            _v("address", "str", "the sender, where staff may see it", ""),
            _v("flags", "list of str", "codes of this mail", ()),
            _v("attachments_dropped", "bool", "the mail had attachments, they are gone", False),
        ),
        (
            {"text": _CLIENT, "arrived": _AT},
            {
                "text": _CLIENT,
                "arrived": _AT,
                "subject": "Re: お返事です",
                "claims": 12,
                "address": "other@mail.example",
                "flags": ["unauthenticated"],
                "attachments_dropped": True,
            },
        ),
        "never",
    ),
    "alert_waiting": _staff(
        "Somebody waits (C9), wrote again (C10), or a held case wants a look (C16).",
        (
            _v("days", "int", "days of waiting or holding", 0),
            _v("since", "date | instant | None", "since when", None),
            _v("last", "bool", "the last alert: the operator hears it too", False),
            _v("resend", "bool", "the client sent the same mail again", False),
            _v("held", "bool", "about a held case", False),
            _v("held_since", "instant | None", "the same as since, of a held case", None),
            _v("flags", "list of str", "codes of the case", ()),
            _v("text", "str", "the client's words; empty = not shown", ""),
        ),
        (
            {"days": 3, "since": _AT, "text": _CLIENT},
            {"days": 9, "since": _AT, "last": True, "flags": ["crisis"]},
            {"resend": True},
            {"held": True, "held_since": _AT, "since": _AT, "days": 7},
        ),
    ),
    "delivered": _staff(
        "The reply has reached the next hop (P6).",
        (
            _v("at", "instant", "delivered instant"),
            _v("ended", "bool", "it closed the case", False),
            _CLOSES,
            _v("text", "str", "what was sent; empty = not shown", ""),
        ),
        ({"at": _AT}, {"at": _AT, "ended": True}, {"at": _AT, "closes_on": _DAY, "text": _TEXT}),
    ),
    "delivery_failed": _staff(
        "A mail to the client did not arrive (M4, P6).",
        (
            _v("reason", "str", "code of maild.mail.dsn_reasons", "undefined"),
            _v("reason_words", "str", "the same in plain words", ""),
            _v("template", "str", "which mail: reply, final_reply, interim or a template", "reply"),
            _v("at", "instant | None", "when it came back", None),
        ),
        (
            {"reason": "mailbox_full"},
            {
                "reason": "carrier_filter",
                "reason_words": "受信の設定で止められたようです。",
                "template": "ack",
                "at": _AT,
            },
        ),
    ),
    "reply_held": _staff(
        "A reply was not sent and why (P5).",
        (
            _v("reasons", "list of str", "codes: " + ", ".join(_HELD_REASONS)),
            _v("details", "list of str", "what was seen, in words", ()),
            _v("text", "str", "the text that is held", ""),
        ),
        (
            {"reasons": ["empty"]},
            {"reasons": list(_HELD_REASONS), "details": ["佐藤"], "text": _TEXT},
            {"reasons": ["unheard_of"], "text": _TEXT},
        ),
    ),
    "command_result": _staff(
        "What was understood and done (P4).",
        (_v("lines", "list of str", "in words", ()), _v("help", "bool", "with the table of commands", False)),
        (
            {"lines": ["12番を保留にしました。"]},
            {"help": True},
            {"lines": ["「#しゅうりょう」はわかりませんでした。", "何も送っていません。"], "help": True},
        ),
        "maybe",
    ),
    "digest": _staff(
        "Each working morning (P7).",
        (
            _v("today", "date", "the day"),
            _v(
                "groups",
                "list of {state, cases}",
                "open cases by state, oldest wait first; a case: number, name, days, closes_on, flags, "
                "round_trip, round_trips, review_on",
                (),
            ),
            _v("closing", "list of cases", "those that close within 7 days", ()),
            _v("automatic", "list of {at}", "first mails that looked automatic (K0)", ()),
        ),
        (
            {"today": _DAY},
            {
                "today": _DAY,
                "closing": [{**_DIGEST_CASE, "closes_on": _DAY, "days": None}],
                "automatic": [{"at": _AT}],
                "groups": [
                    {"state": "waiting_desk", "cases": [_DIGEST_CASE, {**_DIGEST_CASE, "flags": [], "number": 13}]},
                    {"state": "held", "cases": [{**_DIGEST_CASE, "review_on": _DAY}]},
                    {"state": "unheard_of", "cases": []},
                ],
            },
        ),
        "never",
    ),
    "ask_attendance": _staff(
        "Ten minutes after the start (B6).",
        (_v("start", "instant", "the appointment"), _v("hours", "int", "attendance_hours", 24)),
        ({"start": _LATER},),
    ),
}

LETTERS: Final[Mapping[str, LetterSpec]] = {
    **_TO_CLIENTS,
    **_TO_STAFF,
    "operator_alert": LetterSpec(
        "operator",
        "Something needs the operator. Holds no personal data (S2).",
        (
            _v("code", "str", "what happened"),
            _v("days", "int", "days of waiting, with client_waiting", 0),
            _v("lines", "list of str", "in plain words", ()),
        ),
        (
            {"code": "client_waiting", "days": 9},
            {"code": "crisis_untaken"},
            {"code": "source_silent", "lines": ["IMAP: 2h"]},
        ),
        "maybe",
    ),
}
