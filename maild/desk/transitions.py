"""The table of transitions of a consultation (rules C, I, A, K, D, M4): the policy as data.

Theory. A case is a conversation with exactly one side to move. ``waiting_desk`` means somebody is waiting for us,
``waiting_client`` and ``intake`` mean we wait and a clock runs; ``held`` and ``undeliverable`` stop all clocks and
remember what they interrupted; ``closed`` is left again only where a mail turns out to have been in time (C7), a final
reply bounces (M4), or a person says so (``reopen``). Whatever ``decide`` returns is held against this table: a step
that is not in it raises ``IllegalTransition`` and changes nothing.

``None`` stands for "no case": a mail that opens none (A1, D2) stays there.
docs/transitions.md is generated from this table and a test compares them.
"""

from __future__ import annotations

from maild.desk.case import State

EVENTS: dict[str, str] = {
    "mail": "a mail of the client, on the desk's rules (C, I1)",
    "crisis": "a mail of the client with a phrase of K1",
    "rejected": "a mail of the client with an attachment (A1, A3)",
    "resend": "the same text again (C10)",
    "reply": "a counselor's reply is accepted for sending (P2)",
    "delivered": "a mail to the client was accepted by the next hop (C2)",
    "failed": "a mail to the client came back or was refused for good (M4)",
    "due": "a deadline was reached (C4, C5, C9, C16, K4)",
    "hold": "#hold or `maild case hold` (C16)",
    "close": "#close, #end, #decline, #spam, #suspend, erasure or the end of the service (P4, C12, C15, D1, D4, S3)",
    "reopen": "#reopen or `maild case reopen` (M4)",
    "no_reply": "#no-reply: the turn goes back to the client without a reply (C14)",
    "note": "what changes no state: #note, #taken, #clear-crisis, #accept-address, pause and resume",
}

_OPEN: tuple[State, ...] = ("intake", "waiting_desk", "waiting_client", "held", "undeliverable")


def _table() -> dict[tuple[State | None, str], frozenset[State | None]]:
    def to(*states: State | None) -> frozenset[State | None]:
        return frozenset(states)

    table: dict[tuple[State | None, str], frozenset[State | None]] = {
        (None, "mail"): to("intake", "waiting_desk"),
        (None, "crisis"): to("waiting_desk"),
        (None, "rejected"): to(None),
        ("intake", "mail"): to("intake", "waiting_desk"),
        ("waiting_desk", "mail"): to("waiting_desk"),
        ("waiting_client", "mail"): to("waiting_desk"),
        ("held", "mail"): to("waiting_desk", "intake"),
        ("undeliverable", "mail"): to("waiting_desk", "intake"),
        # in time after all or before our reply was delivered (C7); else it stays closed (C3, C12, D1)
        ("closed", "mail"): to("waiting_desk", "intake", "closed"),
        ("waiting_desk", "resend"): to("waiting_desk"),
        ("waiting_client", "resend"): to("waiting_client"),
        ("held", "resend"): to("waiting_desk"),
        # the reply that came back goes again, and after it the turn is the client's (M4)
        ("undeliverable", "resend"): to("waiting_desk", "waiting_client"),
        ("undeliverable", "rejected"): to("waiting_desk", "waiting_client", "intake"),
        # a rejected mail that arrived before a clock closed the case opens it again (C7, A3); others change nothing
        ("closed", "rejected"): to("waiting_client", "intake", "closed"),
        # a new case of its own, never joined to the old one (K2)
        ("closed", "crisis"): to("waiting_desk"),
        # a final reply that was completed stays so; a supplement changes nothing until it is delivered
        ("waiting_desk", "delivered"): to("waiting_desk", "waiting_client", "closed"),
        ("waiting_client", "delivered"): to("waiting_client", "closed"),
        ("undeliverable", "delivered"): to("undeliverable", "waiting_client", "waiting_desk", "closed"),
        ("held", "delivered"): to("held", "closed"),
        ("intake", "delivered"): to("intake"),
        ("closed", "delivered"): to("closed"),
        ("waiting_desk", "failed"): to("waiting_desk", "undeliverable"),
        ("waiting_client", "failed"): to("undeliverable", "waiting_client"),
        ("intake", "failed"): to("undeliverable"),
        ("undeliverable", "failed"): to("undeliverable"),
        ("held", "failed"): to("held", "undeliverable"),
        ("closed", "failed"): to("closed", "undeliverable"),
        ("intake", "due"): to("intake", "closed"),
        ("waiting_client", "due"): to("waiting_client", "closed"),
        ("waiting_desk", "due"): to("waiting_desk"),
        ("held", "due"): to("held"),
        ("undeliverable", "due"): to("undeliverable"),
        ("closed", "due"): to("closed"),
        ("waiting_desk", "no_reply"): to("waiting_client", "closed"),
        ("held", "no_reply"): to("waiting_client", "closed"),
        ("closed", "reopen"): to("waiting_desk", "waiting_client"),
        ("undeliverable", "reopen"): to("waiting_desk", "waiting_client", "intake"),
        ("held", "reopen"): to("waiting_desk", "waiting_client", "intake"),
        ("closed", "note"): to("closed"),
        ("closed", "close"): to("closed"),
        ("closed", "reply"): to("closed"),
        ("waiting_desk", "reply"): to("waiting_desk"),
        ("waiting_client", "reply"): to("waiting_client"),
        # a reply takes an incomplete intake as it is and ends a hold; an interim does neither (C14, C16)
        ("intake", "reply"): to("waiting_desk", "intake"),
        ("held", "reply"): to("waiting_desk", "held"),
        ("undeliverable", "reply"): to("undeliverable"),
    }
    for state in _OPEN:
        table[state, "crisis"] = to("waiting_desk")
        table.setdefault((state, "rejected"), to(state))
        table[state, "hold"] = to("held")
        table[state, "close"] = to("closed")
        # clearing a crisis may complete a case whose round trips are used up (C3)
        table[state, "note"] = to(state, "closed") if state == "waiting_client" else to(state)
    return table


TRANSITIONS: dict[tuple[State | None, str], frozenset[State | None]] = _table()


class IllegalTransition(Exception):
    """A decision left the table: a fault of ours, never of a mail."""


def check(before: State | None, event: str, after: State | None) -> None:
    """Raise :class:`IllegalTransition` unless the table allows the step."""
    if after not in TRANSITIONS.get((before, event), frozenset()):
        raise IllegalTransition(f"{before} -- {event} --> {after}")


def diagram() -> str:
    """The table as a Mermaid state diagram for docs/transitions.md."""
    lines = ["stateDiagram-v2"]
    edges: dict[tuple[str, str], list[str]] = {}
    for (before, event), afters in TRANSITIONS.items():
        for after in afters:
            if before is None and after is None:
                continue
            edge = ("[*]" if before is None else before, "[*]" if after is None else after)
            edges.setdefault(edge, []).append(event)
    for (before_name, after_name), events in sorted(edges.items()):
        lines.append(f"    {before_name} --> {after_name}: {', '.join(sorted(events))}")
    return "\n".join(lines) + "\n"
