"""The letters to clients: purpose, variables, samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from maild.letters.parts import (
    AT,
    CLIENT_TEXT,
    CLOSES,
    DAY,
    EVENING,
    LATER,
    TEXT,
    CaseUse,
    LetterSpec,
    Variable,
    variable,
)

_PHONE = variable("phone", "str", "the desk's phone, empty where it has none", "")
_UNTIL = variable("until", "date | None", "last day of it, None where open", None)
_SLOTS = variable("slots", "list of instants", "free slots, nearest first")
_START = variable("start", "instant | None", "the appointment", None)
_MISSING = variable("missing", "list of str", "item codes (name sex age region content) or a desk's own labels")
_TEXTS = (
    variable("text", "str", "the counselor's words, verbatim"),
    CLOSES,
    variable("round_trip", "int", "the round trip it belongs to", 0),
    variable("round_trips", "int", "how many there are; 0 = no limit", 0),
    variable("supplement", "bool", "adds to a reply before the client wrote again (C2)", False),
    variable("crisis", "bool", "the case is flagged: hotlines are added", False),
    variable("interim", "bool", "#interim: the turn stays with the desk (C14)", False),
    variable("terms_changed", "bool", "the terms changed since the client was last told (S7)", False),
    variable("ends", "bool", "the counselor closes the case with it: no day to write by", False),
    variable("your_words", "str", "what the client wrote last, where the desk has `quote_client` (P10)", ""),
)


def _client(
    purpose: str,
    variables: tuple[Variable, ...] = (),
    samples: tuple[Mapping[str, object], ...] = ({},),
    case: CaseUse = "maybe",
) -> LetterSpec:
    return LetterSpec("client", purpose, variables, samples, case)


_MISSING_SAMPLES = (["age"], ["name", "sex", "age", "content"], ["求職番号", "region"])
_REPLY_SAMPLES: tuple[Mapping[str, object], ...] = (
    {"text": TEXT},
    {"text": TEXT, "closes_on": DAY, "round_trip": 2, "round_trips": 3},
    {"text": TEXT, "closes_on": DAY, "round_trip": 1, "round_trips": 3, "supplement": True},
    {"text": TEXT, "supplement": True},
    {"text": TEXT, "round_trip": 3, "round_trips": 3, "crisis": True},
    {"text": TEXT, "round_trip": 1, "round_trips": 3, "interim": True},
    {"text": TEXT, "terms_changed": True},
    {"text": TEXT, "ends": True},
    {"text": TEXT, "closes_on": DAY, "round_trip": 1, "round_trips": 3, "your_words": CLIENT_TEXT},
)

TO_CLIENTS: Final[Mapping[str, LetterSpec]] = {
    "ack": _client(
        "First mail of each of the client's turns (I1, T); the first of a case says what consent means (C1).",
        (
            variable("first", "bool", "first mail of the case: terms, limits and hotlines are added", False),
            variable("resend_after_days", "int", "days after which to write again (C9); 0 = no number", 10),
            CLOSES,
            variable("terms_changed", "bool", "the terms changed since the client was last told (S7)", False),
        ),
        ({}, {"first": True}, {"terms_changed": True, "resend_after_days": 0}),
    ),
    "crisis_ack": _client(
        "At once on a crisis: who can be reached now (K2, K3). Promises no consultation.",
        (
            variable("staffed", "bool", "it is within the desk's hours", True),
            variable("later", "list of hotlines", "those of `hotlines` that cannot be reached at this hour", ()),
        ),
        ({}, {"staffed": False}, {"staffed": False, "later": [EVENING]}),
    ),
    "intake_missing": _client(
        "Asks for the items still missing (I1).",
        (_MISSING, variable("asked", "int", "which time we ask: 1 or 2", 1), CLOSES),
        tuple({"missing": m, "asked": n, "closes_on": c} for m in _MISSING_SAMPLES for n, c in ((1, DAY), (2, None))),
    ),
    "attachment_rejected": _client(
        "A mail with an attachment was not taken, or lost it (A1). Names no file (P10).",
        (
            variable("names", "list of str", "the attachments' names; never printed", ()),
            CLOSES,
            variable("first", "bool", "there is no case yet", False),
            variable("stripped", "bool", "the text reached us without the file", False),
            variable("over", "bool", "the case it answers is closed", False),
        ),
        ({"first": True}, {"over": True}, {"closes_on": DAY}, {"stripped": True}, {"stripped": True, "closes_on": DAY}),
    ),
    "too_large": _client(
        "The mail was over the size limit (M6).", (variable("limit_mb", "int", "the limit"),), ({"limit_mb": 10},)
    ),
    "resend_received": _client(
        "The same mail came again on our turn (C10).",
        (variable("first_on", "date | instant", "when the first one came"),),
        ({"first_on": DAY}, {"first_on": AT}),
    ),
    "reply": _client("A counselor's reply (P2).", _TEXTS, _REPLY_SAMPLES, "always"),
    "final_reply": _client(
        "The reply of the last round trip, with the closing text (C3).", _TEXTS, _REPLY_SAMPLES, "always"
    ),
    "limit_reached": _client("All round trips are used up; the mail is only shown (C3)."),
    "closed_silence": _client("The days to write are over (C4, C5, I1).", (CLOSES,), ({}, {"closes_on": DAY})),
    "closed_by_counselor": _client("#close or #end (P4, C15)."),
    "reminder": _client(
        "The day comes near; off by default (D5).", (variable("closes_on", "date", "last day"),), ({"closes_on": DAY},)
    ),
    "third_party": _client("Somebody else wrote (D2): neither confirms nor denies that a case exists.", case="never"),
    "declined_prank": _client("Declined as a prank (D1); names nobody to turn to."),
    "declined_urgent": _client("Declined: cannot wait for mail (D1)."),
    "declined_crisis": _client("A counselor declined a crisis (D1, K3)."),
    "declined_illegal": _client("Declined: against the law (D1)."),
    "declined_out_of_scope": _client("Declined: not what the desk does (D1)."),
    "declined_abuse": _client("Declined: threats or insults (D1); names nobody to turn to."),
    "suspended": _client("Answers a suspended client, once (D4).", (_UNTIL,), ({}, {"until": DAY}), "never"),
    "terms_changed": _client(
        "A coming version of the terms (S7).",
        (
            variable("version", "str", "the new version"),
            variable("effective", "date", "from which day it holds"),
            variable("url", "str", "where it is", ""),
            variable("summary", "str", "what changes", ""),
        ),
        (
            {"version": "2026-10", "effective": DAY},
            {"version": "2026-10", "effective": DAY, "url": "https://desk.example/t", "summary": "お返事の日数です。"},
        ),
    ),
    "use_the_form": _client(
        "A form-only desk got a first mail (I3).",
        (variable("url", "str", "the form"),),
        ({"url": "https://desk.example/form"},),
    ),
    "service_end": _client(
        "The service ends, or has ended (C12).",
        (
            variable("ends_on", "date | None", "its last day; None when it is over", None),
            variable("text", "str", "the operator's words", ""),
        ),
        ({}, {"ends_on": DAY, "text": "長いあいだ、ありがとうございました。"}),
    ),
    "announcement": _client(
        "The operator's words to open cases (B9).",
        (variable("text", "str", "the words"),),
        ({"text": "大雪のため、お休みします。"},),
    ),
    "interrupted": _client("The desk is paused (C13).", (_UNTIL,), ({}, {"until": DAY})),
    "erased": _client("The records are gone (S3).", case="never"),
    "ask_doctor": _client("#ask-doctor: the consent of the client's doctor (P4). Counts nothing."),
    "ask_publication": _client("#ask-publication (P4): nothing is published without a yes."),
    "ask_decision": _client(
        "#ask-decision (D5).",
        (variable("deadline", "date | instant", "until when"),),
        ({"deadline": DAY}, {"deadline": AT}),
    ),
    "booking_received": _client(
        "A request for a booking came (B3b, T).",
        (
            variable("wished", "list of instants", "the wished times as read", ()),
            _PHONE,
            variable("first", "bool", "first mail of the case (C1)", False),
        ),
        ({}, {"wished": [LATER, AT], "phone": "0000-00-0000", "first": True}),
    ),
    "booking_items_missing": _client(
        "Asks for the items of a booking (B1).",
        (_MISSING, _PHONE, CLOSES),
        tuple(
            {"missing": m, "phone": p, "closes_on": c}
            for m in _MISSING_SAMPLES
            for p, c in (("", None), ("0000-00-0000", DAY))
        ),
    ),
    "booking_unavailable": _client(
        "The wished time cannot be had (B3).",
        (_SLOTS, _PHONE),
        ({"slots": []}, {"slots": [LATER, AT], "phone": "0000-00-0000"}),
    ),
    "booking_confirmed": _client(
        "The appointment stands (B4a).",
        (
            variable("start", "instant", "the appointment"),
            variable("minutes", "int", "its length; 0 = not said", 0),
            variable("items", "list of (label, value)", "all that was agreed", ()),
            variable("url", "str", "where to connect", ""),
            variable(
                "session",
                "{app, app_terms, online, identity_check, notes}",
                "[desk.session]: names and notes are text, the others bool",
                {"app": "", "app_terms": "", "online": False, "identity_check": False, "notes": ()},
            ),
            _PHONE,
            variable("cancel", "list of mail, phone", "how to cancel (B5)", ("mail",)),
            variable("same_day_phone", "bool", "on the day itself by phone only", False),
        ),
        (
            {"start": LATER},
            {"start": LATER, "phone": "0000-00-0000", "cancel": ["phone"]},
            {
                "start": LATER,
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
        (_START, variable("by_desk", "bool", "the desk cancelled", False)),
        ({}, {"start": LATER}, {"start": LATER, "by_desk": True}),
    ),
    "booking_not_agreed": _client(
        "Not agreed within the round trips (B2).", (_PHONE,), ({}, {"phone": "0000-00-0000"})
    ),
    "booking_refused": _client("Too many no-shows (B6).", (_PHONE,), ({}, {"phone": "0000-00-0000"})),
    "booking_moved": _client(
        "#move (B5).",
        (
            variable("start", "instant", "the new time"),
            variable("before", "instant | None", "the old one", None),
            variable("url", "str", "where to connect", ""),
            _PHONE,
        ),
        ({"start": LATER}, {"start": LATER, "before": AT, "url": "https://meet.example/a", "phone": "0000-00-0000"}),
    ),
    "booking_offer": _client("#offer (B5).", (_SLOTS,), ({"slots": [LATER]}, {"slots": [LATER, AT]})),
    "cancel_by_phone": _client(
        "A mail that may not cancel (B5); changes nothing.",
        (_PHONE, _START),
        ({}, {"phone": "0000-00-0000", "start": LATER}),
    ),
    "not_eligible": _client("Not enrolled, or not for them (B8, B8a)."),
    "propose_session": _client(
        "#propose-session (B8).",
        (variable("booking", "str", "where to book: address or phone", ""),),
        ({}, {"booking": "https://desk.example/b"}),
    ),
}
