"""What only shows when values are held against one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from maild.config.reading import Place, good
from maild.config.values import is_loopback

if TYPE_CHECKING:
    from maild.config.desk import ReadDesk
    from maild.config.model import Receive


def check_security(values: Mapping[str, Any], place: Place) -> None:
    """A password and a consultation never cross a network in clear."""
    if values["security"] == "none" and good(values["host"]) and values["host"] and not is_loopback(values["host"]):
        place.at("security").fault("none is for loopback only (127.0.0.1, ::1, localhost): use tls or starttls", "none")


def check_imap(values: Mapping[str, Any], place: Place) -> None:
    """``move`` and ``move_to`` belong together."""
    if values["after"] == "move" and values["move_to"] == "":
        place.at("move_to").fault('is required with after = "move": the mailbox that mails are moved to')
    if values["after"] in ("delete", "keep") and values["move_to"]:
        place.at("move_to").fault('is for after = "move" only', values["move_to"])
    if values["after"] == "move" and good(values["move_to"]) and values["move_to"] == values["mailbox"]:
        place.at("move_to").fault("is the mailbox that is read; name another", values["move_to"])


def check_board(values: Mapping[str, Any], place: Place) -> None:
    """Folders that are told apart; only waiting may be the inbox itself: what waits then stays where it came."""
    taken: dict[str, str] = {}
    for key in ("waiting", "answered", "closed", "inbox"):
        if not good(values[key]):
            continue
        other = taken.setdefault(_mailbox(values[key]), key)
        if other != key and (other, key) != ("waiting", "inbox"):
            at, of = (other, key) if key == "inbox" else (key, other)
            place.at(at).fault(f"is the folder of {of} too; give it one of its own", values[at])


def _mailbox(name: str) -> str:
    return "INBOX" if name.upper() == "INBOX" else name  # RFC 3501 section 5.1


def check_boards(desks: Sequence[ReadDesk], receive: Receive, top: Place) -> None:
    """No folder of a board is read as mail to a desk: notices would come back to us."""
    read = {(box.host, box.port, box.username, _mailbox(box.mailbox)) for box in receive.imap}
    for index, desk in enumerate(desks):
        board = desk.board
        if board is None:
            continue
        for key in ("inbox", "waiting", "answered", "closed"):
            if (board.host, board.port, board.username, _mailbox(getattr(board, key))) in read:
                top.at("desk").at(index).at("board").at(key).fault(
                    "is a mailbox that [[receive.imap]] reads: our notices would come back to us, a loop"
                )


def check_mailboxes(desks: Sequence[ReadDesk], receive: Receive, top: Place) -> None:
    """A mailbox that belongs to a desk names one that there is; of several desks it had better (M1)."""
    names = [desk.values["name"] for desk in desks if good(desk.values["name"])]
    for index, box in enumerate(receive.imap):
        place = top.at("receive").at("imap").at(index).at("desk")
        if box.desk and box.desk not in names:
            known = ", ".join(names) or "none"
            place.fault(f"names no desk; there are: {known}", box.desk)
        elif not box.desk and len(names) > 1:
            place.warn(
                "not set, and there are several desks: what names none of them in its headers goes to quarantine; "
                "say here whose mailbox it is, if it is one desk's alone"
            )


def check_desk(desk: ReadDesk, place: Place) -> None:
    """What one desk's values mean together."""
    rules, values = desk.rules, desk.values
    addresses: list[object] = []
    for index, one in enumerate(desk.counselors):
        if good(one["address"]):
            if one["address"] in addresses:
                place.at("counselor").at(index).at("address").fault("is another counselor's too", one["address"])
            addresses.append(one["address"])
    if any(one["review"] is True for one in desk.counselors) and all(one["review"] is True for one in desk.counselors):
        place.at("counselor").fault("needs one without review: somebody must be able to approve")
    if rules["form_only"] is True and desk.form is None:
        place.at("rules").at("form_only").fault("needs [desk.form], or nobody could ever write", True)
    if rules["crisis"] is True and values["on_call"] == ():
        place.at("on_call").warn("nobody is told of a crisis outside the desk's hours but the shared inbox")
    last = rules["alert_days"][-1:] if good(rules["alert_days"]) else ()
    after = rules["resend_after_days"]
    if good(after) and last and after and last[0] >= after:
        place.at("rules").at("alert_days").warn("the last alert comes after clients were told to write again")


def check_addresses(desks: Sequence[ReadDesk], maild: Mapping[str, Any], top: Place) -> None:
    """No two desks share a name or an address, and no mail of ours comes back to a desk: that would be a loop."""
    own: dict[str, str] = {}
    for index, desk in enumerate(desks):
        place = top.at("desk").at(index)
        for other, earlier in enumerate(desks[:index]):
            for key in ("name", "address"):
                if good(desk.values[key]) and desk.values[key] == earlier.values[key]:
                    place.at(key).fault(f"is that of desk[{other}] too", desk.values[key])
        if good(desk.values["address"]):
            own.setdefault(desk.values["address"], place.path)
    plus = {desk.values["address"] for desk in desks if desk.values["plus_addressing"] is True}
    for place, address, role in _recipients(desks, maild, top):
        local, _, domain = address.rpartition("@")
        base = f"{local.partition('+')[0]}@{domain}"
        hit = own.get(address) or (own.get(base) if base in plus else None)
        if hit:
            place.fault(f"is the public address of {hit}: {role} would be mail to ourselves, a loop", address)


def _recipients(desks: Sequence[ReadDesk], maild: Mapping[str, Any], top: Place) -> list[tuple[Place, str, str]]:
    """Every address that maild writes to or takes for staff: (place, address, what it gets)."""
    found: list[tuple[Place, Any, str]] = [
        (top.at("maild").at("operators").at(index), one, "alerts")
        for index, one in enumerate(maild["operators"] if good(maild["operators"]) else ())
    ]
    for number, desk in enumerate(desks):
        place = top.at("desk").at(number)
        found.append((place.at("shared_inbox"), desk.values["shared_inbox"], "notices"))
        for key, role in (("inboxes", "notices"), ("on_call", "urgent notices")):
            for index, one in enumerate(desk.values[key] if good(desk.values[key]) else ()):
                found.append((place.at(key).at(index), one, role))
        for index, counselor in enumerate(desk.counselors):
            found.append((place.at("counselor").at(index).at("address"), counselor["address"], "answers to counselors"))
        if desk.form is not None:
            found.append((place.at("form").at("sender"), desk.form.sender, "a form's mail"))
    return [(place, address, role) for place, address, role in found if isinstance(address, str)]
