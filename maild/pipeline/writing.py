"""Actions of a decision to rows of the outbox: who gets it, what it says, which thread it continues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes

from maild.compose import Draft, Rendered, compose, payload_of
from maild.desk.actions import Action, Letter, Relay
from maild.desk.case import Case
from maild.desk.deadlines import start_of
from maild.desk.outcomes import REPLIES
from maild.desk.rules import Terms
from maild.letters import LETTERS
from maild.mail import charset, quotes
from maild.mail.dsn import plain_words
from maild.mail.header import clean_name
from maild.mail.values import replace
from maild.pipeline import board, pausing, quoting, views
from maild.pipeline.mask import masked, suspected
from maild.pipeline.world import DeskWorld, World
from maild.store import Entry, Outgoing, Transaction

CLIENT_UNCOUNTED = frozenset((*REPLIES, "interim", "crisis_ack"))
_LOCAL_PART = 64  # octets (RFC 5321 section 4.5.3.1.1)
STAFF_NAME = {"ja": "（窓口の控え）", "en": " (desk)"}


@dataclass(frozen=True, slots=True)
class Cause:
    """What made us write: the mail that is answered, and the key under which that happens once."""

    once: str
    sender: str = field(default="", repr=False)  # whom a letter without a case goes to
    message_id: str | None = None
    references: tuple[str, ...] = ()
    staff: bool = False  # somebody inside wrote it: their mail program may thread our answer below their mail


class Writer:
    """Writes the mails of one transaction."""

    def __init__(self, world: World, transaction: Transaction, now: datetime) -> None:
        self._world = world
        self._tx = transaction
        self._now = now
        self._queued: dict[str, int] = {}  # counted template mails of this transaction per address
        self._view: tuple[Case, DeskWorld, views.CaseView] | None = None  # the letters of one case come together
        self._terms: dict[str, Terms] = {}  # those of each desk at this instant
        self._midnights: dict[str, datetime] = {}
        # of mails of this transaction, as they were read, by entry: what they quote, and the address they surely lack
        self.quoted: dict[int, str] = {}
        self.lacking: dict[int, str] = {}
        self.not_before: datetime | None = None  # what is queued from now on waits until then (B9)

    def carry_out(self, actions: tuple[Action, ...], case: Case | None, here: DeskWorld, cause: Cause) -> None:
        """Queue everything a decision asks for; a paused desk says ``interrupted`` once instead of most (C13)."""
        pause = pausing.answering(self._tx, case, cause.sender)
        if pause is not None and case is not None:
            actions, told = pausing.instead(self._tx, actions, case, pause, here, self._now)
            if told is not None:
                once = f"paused:{here.desk.name}:{pause.since.isoformat()}"
                self.letter(told, case, here, replace(cause, once=once))
        for action in actions:
            if isinstance(action, Relay):
                self.relay(action, case, here, cause)
            else:
                self.letter(action, case, here, cause)

    # -- to the client -----------------------------------------------------------------------------------------

    def relay(self, relay: Relay, case: Case | None, here: DeskWorld, cause: Cause) -> None:
        """A counselor's words to the registered address and nowhere else (P2, D3)."""
        entry = self._tx.entry(relay.entry)
        if entry is None or case is None:
            return
        desk = here.desk
        closes = views.after_delivery(case, desk, relay, self._now)
        values = {
            "text": entry.text,
            "closes_on": closes,
            "round_trip": relay.round_trip,
            "round_trips": desk.rules.round_trips,
            "supplement": relay.supplement,
            "crisis": case.crisis,
            "interim": relay.interim,
            "terms_changed": relay.terms_changed,
            "ends": relay.ends,
            "your_words": quoting.words_answered(self._tx, case, relay.entry, here),
        }
        self._to_client(
            "interim" if relay.interim else relay.template,
            relay.template,
            values,
            case,
            here,
            cause,
            case.client,
            auto=None,
            entry=relay.entry,
            round_trip=relay.round_trip,
        )

    def letter(self, letter: Letter, case: Case | None, here: DeskWorld, cause: Cause) -> None:
        """A template mail to whom the action names."""
        if letter.to == "client":
            address = case.client if case is not None else cause.sender
            if address and not self._capped(letter.template, address, here):
                auto = "auto-generated" if letter.timer else "auto-replied"
                self._to_client(letter.template, letter.template, letter.values, case, here, cause, address, auto=auto)
            return
        self.to_staff(letter, case, here, cause)

    def _capped(self, template: str, address: str, here: DeskWorld) -> bool:
        """Whether the day's cap for this address is reached, whatever headers it sends (M3)."""
        if template in CLIENT_UNCOUNTED:
            return False
        cap = here.desk.rules.template_cap
        if cap <= 0:
            return False
        midnight = self._midnights.get(here.desk.name)
        if midnight is None:
            midnight = start_of(self._now.astimezone(here.zone).date(), here.zone)
            self._midnights[here.desk.name] = midnight
        sent = self._tx.templates_sent(address, midnight)
        return sent >= cap

    def _to_client(
        self,
        name: str,
        template: str,
        values: Mapping[str, object],
        case: Case | None,
        here: DeskWorld,
        cause: Cause,
        address: str,
        *,
        auto: str | None,
        entry: int | None = None,
        round_trip: int = 0,
    ) -> None:
        desk = here.desk
        everything = self._common(case, here) | self._defaults(template, case, here) | dict(values)
        rendered = here.letters.render(template, everything)
        token = self._world.token()
        last, chain = cause.message_id, cause.references
        if case is not None and case.thread.last is not None:
            last, chain = case.thread.last, case.thread.references
        if last is not None and (not chain or chain[-1] != last):
            chain = (*chain, last)
        draft = Draft(
            message_id=f"<{token}@{here.domain}>",
            from_name=desk.display_name,
            from_address=desk.address,
            to=address,
            subject=rendered.subject,
            text=rendered.text,
            date=self._now,
            timezone=desk.timezone,
            in_reply_to=last,
            references=chain,
            reply_to=self._detailed(here, token),
            auto_submitted=auto,
            same_for_all=rendered.same_for_all,
        )
        self._queue(
            draft, name, "client", case, here, cause.once, entry=entry, round_trip=round_trip,
            counted=name not in CLIENT_UNCOUNTED,
        )  # fmt: skip

    def _common(self, case: Case | None, here: DeskWorld) -> dict[str, object]:
        """What every letter may print beside what is the same in all of this desk."""
        terms = self._terms.get(here.desk.name)
        if terms is None:
            terms = self._terms[here.desk.name] = views.terms_of(here, self._now)
        return {"case": self._case_view(case, here) if case is not None and case.number else None, "terms": terms}

    def _case_view(self, case: Case, here: DeskWorld) -> views.CaseView:
        if self._view is None or self._view[0] is not case or self._view[1] is not here:
            self._view = (case, here, views.case_view(case, here))
        return self._view[2]

    def _defaults(self, template: str, case: Case | None, here: DeskWorld) -> dict[str, object]:
        view = self._case_view(case, here) if case is not None else None
        if template == "crisis_ack":
            return LETTERS[template].defaults | views.reachable(here, self._now, self._world.is_holiday)
        return LETTERS[template].defaults | {
            "resend_after_days": here.desk.rules.resend_after_days,
            "closes_on": view.closes_on if view else None,
            "url": here.form.url if here.form else "",
        }

    def _detailed(self, here: DeskWorld, token: str) -> str | None:
        if not here.desk.plus_addressing:
            return None
        local, _, domain = here.desk.address.rpartition("@")
        if len(local) + 1 + len(token) > _LOCAL_PART:
            return None  # the Message-ID holds the token as well
        return f"{local}+{token}@{domain}"

    # -- to staff ----------------------------------------------------------------------------------------------

    def to_staff(self, letter: Letter, case: Case | None, here: DeskWorld, cause: Cause) -> None:
        """A notice, an alert or an answer to a counselor; it carries a token and may be answered (P2c)."""
        desk = here.desk
        recipients: tuple[str, ...]
        if letter.to == "operators":
            recipients = self._world.operators
        elif letter.to == "on_call":
            recipients = desk.on_call
        elif letter.to == "counselors":
            recipients = tuple(one.address for one in desk.counselors)
        else:
            recipients = inboxes_of(case, here)
            if letter.template == "notice_urgent":  # whoever took the case on, a crisis is everybody's (K2)
                recipients = tuple(dict.fromkeys((*inboxes_of(None, here), *recipients)))
        shown = self._tx.entry(letter.entry) if letter.entry is not None else None
        text = self._staff_text(letter, case, here, shown) if recipients else None  # the same for all of them
        for recipient in recipients:
            self.staff_mail(letter, case, here, cause, recipient, shown, text)

    def staff_mail(
        self,
        letter: Letter,
        case: Case | None,
        here: DeskWorld,
        cause: Cause,
        recipient: str,
        shown: Entry | None,
        text: Rendered | None = None,
    ) -> None:
        """One mail to one recipient inside the house."""
        desk = here.desk
        rendered = text or self._staff_text(letter, case, here, shown)
        token = self._world.token()
        root = f"<case-{case.number}.{desk.name}@{here.domain}>" if case is not None else None
        own = cause.message_id if cause.staff else None  # a client's would carry where they write from (P1)
        draft = Draft(
            message_id=f"<{token}@{here.domain}>",
            from_name=desk.display_name + STAFF_NAME.get(desk.language, STAFF_NAME["en"]),
            from_address=desk.address,
            to=recipient,
            subject=rendered.subject,
            text=rendered.text,
            date=self._now,
            timezone=desk.timezone,
            in_reply_to=root or own,
            references=tuple(one for one in (root, own if root is None else None) if one),
            reply_to=self._detailed(here, token),
            auto_submitted="auto-generated",
            urgent=letter.template == "notice_urgent",
        )
        audience = "operator" if letter.to == "operators" else "counselor"
        covers = case.last_entry if case is not None else None
        self._queue(draft, letter.template, audience, case, here, cause.once, entry=letter.entry, covers=covers)

    def _staff_text(self, letter: Letter, case: Case | None, here: DeskWorld, shown: Entry | None) -> Rendered:
        values = self._staff_values(letter, case, here, shown) | dict(letter.values)
        return here.letters.render(letter.template, self._common(case, here) | values)

    def _staff_values(
        self, letter: Letter, case: Case | None, here: DeskWorld, shown: Entry | None
    ) -> dict[str, object]:
        desk = here.desk
        values: dict[str, object] = LETTERS[letter.template].defaults | {
            "arrived": self._now, "at": self._now, "round_trips": desk.rules.round_trips, "round_trip": 0, "text": "",
        }  # fmt: skip
        if case is not None:
            view = self._case_view(case, here)
            values |= {"flags": view.flags, "previous": case.previous}
            values |= {"closes_on": view.closes_on, "round_trip": case.round_trip}
        addresses = views.hidden(case, desk) if case is not None or shown is None else self._strangers(shown, here)
        notice = letter.template in ("notice", "notice_urgent") and case is not None
        entries = views.earlier(self._tx.entries(case.number), letter.entry) if notice and case is not None else ()
        items = _items(case) if notice and case is not None else []
        own, quoted = ("", None) if shown is None else _halves(shown, self.quoted.get(shown.id))
        if addresses:
            beside = [*(entry.own_text or entry.text for entry in entries), *(value for _, value in items)]
            texts = [shown.subject if shown is not None else "", own, quoted or "", *beside]
            lacking = self.lacking.get(shown.id) if shown is not None else None
            of_others = suspected(texts, [one for one in addresses if one != lacking])
            addresses = (*suspected(beside, [one for one in addresses if one == lacking]), *of_others)
        if shown is not None:
            values |= {"subject": masked(shown.subject, addresses), "text": masked(own, addresses), "arrived": shown.at}
            if quoted is not None:
                values["quoted"] = masked(quoted, addresses)
        if notice:
            values["exchange"] = views.exchange(entries, addresses)
            values["intake"] = [(item, masked(value, addresses)) for item, value in items]
        if letter.template == "delivery_failed":
            values["reason_words"] = plain_words(str(letter.values.get("reason", "")), desk.language)
        return values

    def _strangers(self, shown: Entry, here: DeskWorld) -> tuple[str, ...]:
        """What stays hidden of a mail without a case: its sender's address, and those of the case it claims (P1a)."""
        claims = shown.extra.get("claims")
        claimed = views.hidden(self._tx.case(int(claims)) if claims else None, here.desk)
        return () if here.desk.show_client_address else (*claimed, *([shown.address] if shown.address else []))

    # -- both --------------------------------------------------------------------------------------------------

    def _queue(
        self,
        draft: Draft,
        name: str,
        audience: str,
        case: Case | None,
        here: DeskWorld,
        once: str,
        *,
        entry: int | None = None,
        covers: int | None = None,
        round_trip: int = 0,
        counted: bool = False,
    ) -> None:
        self._tx.queue(
            Outgoing(
                message_id=draft.message_id,
                case=case.number if case is not None else None,
                desk=here.desk.name,
                audience=audience,  # type: ignore[arg-type]
                template=name,
                sender=here.desk.address,
                recipient=draft.to,
                data=compose(draft, eight_bit=self._world.eight_bit),
                created=self._now,
                once=f"{once}:{name}:{draft.to}",
                counted=counted,
                covers=covers,
                round_trip=round_trip,
                entry=entry,
                not_before=self.not_before,
                surely_new=once.startswith("mail:"),  # a mail leaves the spool with what it has brought about
            )
        )
        if audience == "counselor" and case is not None:
            board.mail_queued(self._tx, self._world, case.number, self._now)


def inboxes_of(case: Case | None, here: DeskWorld) -> tuple[str, ...]:
    """The shared inboxes, or the counselor whom the case was assigned to, as long as they are one (P9)."""
    if case is not None and case.assigned and any(one.address == case.assigned for one in here.desk.counselors):
        return (case.assigned,)
    return tuple(dict.fromkeys((here.desk.shared_inbox, *here.desk.inboxes)))


def _items(case: Case) -> list[tuple[str, str]]:
    """What the client told of themselves, each on a line as a name is: nothing in it turns or hides what stands beside
    it, and an address is found for masking whatever was strewn into it (M6, P1a)."""
    return [(item, clean_name(value)) for item, value in case.items if item != "content"]


def _halves(shown: Entry, quoted: str | None) -> tuple[str, str | None]:
    """A mail's own words, and what it quotes (``quoted`` where that is known); None where a notice shows no quote."""
    own = shown.own_text or shown.text
    if shown.kind != "client" or not shown.own_text or shown.own_text.strip() == shown.text.strip():
        return own, None
    return own, quotes.split(shown.text, subject=shown.subject).quoted if quoted is None else quoted


def text_of(data: bytes) -> str:
    """The text of one of our own mails."""
    label: str | None = "utf-8"
    payload: object = payload_of(data)
    if payload is None:
        message = message_from_bytes(data)
        payload, label = message.get_payload(decode=True), message.get_content_charset()
    text = charset.decode(payload, label)[0] if isinstance(payload, bytes) else ""
    return text.replace("\r\n", "\n")
