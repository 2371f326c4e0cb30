"""The letters inside the house, to counselors and operators: purpose, variables, samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from maild.letters.parts import AT, CLIENT_TEXT, CLOSES, DAY, LATER, TEXT, CaseUse, LetterSpec, Variable, variable

_SHOWN = (
    variable("text", "str", "the client's own words"),
    variable("quoted", "str", "what they quoted, folded; empty for none", ""),
    variable("subject", "str", "their subject", ""),
    variable("arrived", "instant", "arrival instant (C7)"),
    variable("round_trip", "int", "the round trip under way", 0),
    variable("round_trips", "int", "how many there are; 0 = no limit", 0),
    CLOSES,
    variable("exchange", "list of {who, at, text}", "earlier exchange, newest last; who: client, desk or note", ()),
    variable("flags", "list of str", "codes of the case and of this mail", ()),
    variable("attachments_dropped", "bool", "the mail had attachments, they are gone (A4)", False),
    variable("previous", "int | None", "number of the case it is linked to (C3, C8)", None),
    variable("companions", "list of str", "words of a proxy or of company that were found (I2)", ()),
    variable("intake", "list of (label, value)", "items found in the mail", ()),
    variable("missing", "list of str", "items still missing: shown incomplete (I1)", ()),
)
_LATE = variable("late", "bool", "the case is closed; only shown (C3)", False)
_REPEAT = variable("repeat", "int", "how often it was sent before (K4)", 0)
_SHOWN_SAMPLES: tuple[Mapping[str, object], ...] = (
    {"text": CLIENT_TEXT, "arrived": AT},
    {
        "text": CLIENT_TEXT,
        "quoted": "先日のお返事\n2行目",
        "subject": "Re: [受付 12] お返事です",
        "arrived": AT,
        "round_trip": 2,
        "round_trips": 3,
        "closes_on": DAY,
        "exchange": [
            {"who": "client", "at": AT, "text": "はじめまして。"},
            {"who": "desk", "at": AT, "text": TEXT},
            {"who": "note", "at": AT, "text": "次の当番の方へ。"},
        ],
        "flags": ["crisis", "wish_erase", "unheard_of"],
        "attachments_dropped": True,
        "previous": 3,
        "companions": ["通訳", "同席"],
        "intake": [("名前", "花子"), ("年齢", "24歳")],
        "missing": ["sex", "求職番号"],
    },
    {"text": "", "arrived": AT, "round_trip": 1, "missing": ["age"]},
)


def _staff(
    purpose: str,
    variables: tuple[Variable, ...],
    samples: tuple[Mapping[str, object], ...],
    case: CaseUse = "always",
) -> LetterSpec:
    return LetterSpec("counselor", purpose, variables, samples, case)


_HELD_REASONS = (
    "answered_already", "client_wrote_again", "leak", "empty", "internal_block", "attachment", "uncertain", "review",
    "closed", "internal_text", "inside_internal", "forwarded", "unverified_quote", "text_after_quote", "edited_quote",
    "typed_quote", "moved_quote", "like_notice", "rewrapped_quote", "signature_unclear", "stray_command", "which_text",
)  # fmt: skip
_DIGEST_CASE = {
    "number": 12, "name": "花子", "days": 4, "closes_on": None, "flags": ["crisis"], "round_trip": 1, "round_trips": 3,
    "review_on": None,
}  # fmt: skip

TO_STAFF: Final[Mapping[str, LetterSpec]] = {
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
            variable("text", "str", "what they wrote"),
            variable("subject", "str", "their subject", ""),
            variable("arrived", "instant", "arrival instant"),
            variable("claims", "int | None", "number of the case it claims", None),
            variable("address", "str", "the sender, where staff may see it", ""),
            variable("flags", "list of str", "codes of this mail", ()),
            variable("attachments_dropped", "bool", "the mail had attachments, they are gone", False),
        ),
        (
            {"text": CLIENT_TEXT, "arrived": AT},
            {
                "text": CLIENT_TEXT,
                "arrived": AT,
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
            variable("days", "int", "days of waiting or holding", 0),
            variable("since", "date | instant | None", "since when", None),
            variable("last", "bool", "the last alert: the operator hears it too", False),
            variable("resend", "bool", "the client sent the same mail again", False),
            variable("held", "bool", "about a held case", False),
            variable("held_since", "instant | None", "the same as since, of a held case", None),
            variable("flags", "list of str", "codes of the case", ()),
            variable("text", "str", "the client's words; empty = not shown", ""),
        ),
        (
            {"days": 3, "since": AT, "text": CLIENT_TEXT},
            {"days": 9, "since": AT, "last": True, "flags": ["crisis"]},
            {"resend": True},
            {"held": True, "held_since": AT, "since": AT, "days": 7},
        ),
    ),
    "delivered": _staff(
        "The reply has reached the next hop (P6).",
        (
            variable("at", "instant", "delivered instant"),
            variable("ended", "bool", "it closed the case", False),
            CLOSES,
            variable("text", "str", "what was sent; empty = not shown", ""),
        ),
        ({"at": AT}, {"at": AT, "ended": True}, {"at": AT, "closes_on": DAY, "text": TEXT}),
    ),
    "delivery_failed": _staff(
        "A mail to the client did not arrive (M4, P6).",
        (
            variable("reason", "str", "code of maild.mail.dsn_reasons", "undefined"),
            variable("reason_words", "str", "the same in plain words", ""),
            variable("template", "str", "which mail: reply, final_reply, interim or a template", "reply"),
            variable("at", "instant | None", "when it came back", None),
        ),
        (
            {"reason": "mailbox_full"},
            {
                "reason": "carrier_filter",
                "reason_words": "受信の設定で止められたようです。",
                "template": "ack",
                "at": AT,
            },
        ),
    ),
    "reply_held": _staff(
        "A reply was not sent and why (P5).",
        (
            variable("reasons", "list of str", "codes: " + ", ".join(_HELD_REASONS)),
            variable("details", "list of str", "what was seen, in words", ()),
            variable("text", "str", "the text that is held", ""),
            variable("cut", "list of str", "lines left out of it as a signature", ()),
        ),
        (
            {"reasons": ["empty"]},
            {"reasons": list(_HELD_REASONS), "details": ["佐藤"], "text": TEXT, "cut": ["佐藤花子", "相談室"]},
            {"reasons": ["unheard_of"], "text": TEXT},
        ),
    ),
    "command_result": _staff(
        "What was understood and done (P4).",
        (
            variable("lines", "list of str", "in words", ()),
            variable("help", "bool", "with the table of orders", False),
        ),
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
            variable("today", "date", "the day"),
            variable(
                "groups",
                "list of {state, cases}",
                "open cases by state, oldest wait first; a case: number, name, days, closes_on, flags, "
                "round_trip, round_trips, review_on",
                (),
            ),
            variable("closing", "list of cases", "those that close within 7 days", ()),
            variable("automatic", "list of {at}", "first mails that looked automatic (K0)", ()),
        ),
        (
            {"today": DAY},
            {
                "today": DAY,
                "closing": [{**_DIGEST_CASE, "closes_on": DAY, "days": None}],
                "automatic": [{"at": AT}],
                "groups": [
                    {"state": "waiting_desk", "cases": [_DIGEST_CASE, {**_DIGEST_CASE, "flags": [], "number": 13}]},
                    {"state": "held", "cases": [{**_DIGEST_CASE, "review_on": DAY}]},
                    {"state": "unheard_of", "cases": []},
                ],
            },
        ),
        "never",
    ),
    "ask_attendance": _staff(
        "Ten minutes after the start (B6).",
        (variable("start", "instant", "the appointment"), variable("hours", "int", "attendance_hours", 24)),
        ({"start": LATER}, {"start": LATER, "hours": 48}),
    ),
    "operator_alert": LetterSpec(
        "operator",
        "Something needs the operator. Holds no personal data (S2).",
        (
            variable("code", "str", "what happened"),
            variable("days", "int", "days of waiting, with client_waiting", 0),
            variable("lines", "list of str", "in plain words", ()),
        ),
        (
            {"code": "client_waiting", "days": 9},
            {"code": "crisis_untaken"},
            {"code": "source_silent", "lines": ["IMAP: 2h"]},
        ),
        "maybe",
    ),
}
