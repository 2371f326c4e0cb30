"""Every key of [desk.rules]; names and defaults are those of ``maild.desk.rules.Rules``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from maild.config import values as v
from maild.config.reading import Key, Place, Reader, Table, good, read_table
from maild.desk.rules import Hotline, Hours, ItemSpec, Referral, Rules

DEFAULTS = Rules()
KNOWN_ITEMS = ("name", "sex", "age", "region", "content")  # read without any label in the config (rules I2)

_ITEM = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


def _item_name(value: object, place: Place) -> Any:
    if isinstance(value, str) and _ITEM.fullmatch(value):
        return value
    return place.fault(f"is {ITEM_NAME.allowed}", value)


ITEM_NAME = Reader(_item_name, "an item's name in small letters, such as age or phone")
ITEM = Table(
    "required = [{ … }]",
    "A required item of a first mail.",
    (
        Key("item", ITEM_NAME, "name, sex, age, region, content, or another with its labels."),
        Key("labels", v.listing(v.text(60)), "What people write before it, beside what maild knows.", ()),
    ),
)
HOTLINE = Table(
    "[[desk.hotline]]",
    "Somebody who can be reached now; printed in crisis_ack and where a desk declines.",
    (
        Key("name", v.text(100), "Its name."),
        Key("phone", v.text(60), "Telephone number.", "", "none"),
        Key("hours", v.text(100), "When it can be reached.", "", "none"),
        Key("url", v.url, "Web address.", "", "none"),
        Key("region", v.text(60), "The region it is for; empty for everywhere.", "", "everywhere"),
        Key("ages", v.text(60), "Whom it is for, such as 18歳まで.", "", "everyone"),
    ),
)
REFERRAL = Table(
    "[[desk.referral]]",
    "Another service that a counselor puts into a reply with #refer NAME.",
    (
        Key("name", v.text(40), "What follows #refer."),
        Key("text", v.text(2000, lines=True), "What the client reads."),
    ),
)
HOURS = Table(
    "[desk.hours]",
    "When the desk is staffed, by its own clock.",
    (
        Key(
            "weekdays",
            v.listing(v.weekday),
            "Days of the week.",
            Hours().weekdays,
            '["mon", "tue", "wed", "thu", "fri"]',
        ),
        Key("start", v.clock, "From.", Hours().start, '"09:00"'),
        Key("end", v.clock, "Until.", Hours().end, '"17:00"'),
    ),
)


def _required(value: object, place: Place) -> Any:
    if not isinstance(value, list):
        return place.fault(f"is {REQUIRED_ITEMS.allowed}", value)
    items: list[ItemSpec] = []
    for index, entry in enumerate(value):
        here = place.at(index)
        found = read_table(ITEM, {"item": entry} if isinstance(entry, str) else entry, here)
        if not good(found["item"]) or not good(found["labels"]):
            continue
        if found["item"] not in KNOWN_ITEMS and not found["labels"]:
            here.fault("needs labels = [ … ], for maild knows by itself only " + ", ".join(KNOWN_ITEMS), found["item"])
        if any(found["item"] == other.item for other in items):
            here.fault("stands in the list twice", found["item"])
        items.append(ItemSpec(found["item"], tuple(found["labels"])))
    return tuple(items)


REQUIRED_ITEMS = Reader(
    _required,
    'a list of items such as ["name", { item = "phone", labels = ["電話番号"] }]; [] where nothing is asked for',
)


def _tables(table: Table, build: Any, allowed: str) -> Reader:
    def read(value: object, place: Place) -> Any:
        if not isinstance(value, list):
            return place.fault(f"is {allowed}", value)
        found = [(index, read_table(table, entry, place.at(index))) for index, entry in enumerate(value)]
        whole = [(index, entry) for index, entry in found if all(good(one) for one in entry.values())]
        names = [entry["name"].casefold() for _, entry in whole]
        for position, (index, entry) in enumerate(whole):
            if names[position] in names[:position]:
                place.at(index).at("name").fault("stands in the list twice", entry["name"])
            if build is Hotline and not entry["phone"] and not entry["url"]:
                place.at(index).fault("needs a phone or a url, or nobody can be reached there")
        return tuple(build(**entry) for _, entry in whole)

    return Reader(read, allowed)


HOTLINES = _tables(HOTLINE, Hotline, 'a list of hotlines such as [{ name = "…", phone = "0120-…" }]; [] for none')
REFERRALS = _tables(REFERRAL, Referral, 'a list of referrals such as [{ name = "saposute", text = "…" }]')


def _hours(value: object, place: Place) -> Any:
    found = read_table(HOURS, value, place)
    if not all(good(one) for one in found.values()):
        return Hours()
    if not found["start"] < found["end"]:
        return place.at("end").fault("is later than start", found["end"])
    return Hours(tuple(sorted(found["weekdays"])), found["start"], found["end"])


HOURS_READER = Reader(_hours, "a table with weekdays, start and end")
DIGEST = Reader(
    lambda value, place: None if value == "" else v.clock.read(value, place), v.clock.allowed + '; "" for no digest'
)


def _rule(name: str, reader: Reader, doc: str, shown_default: str = "") -> Key:
    return Key(name, reader, doc, getattr(DEFAULTS, name), shown_default)


RULES = Table(
    "[desk.rules]",
    "What the desk promises. A limit of 0 means none.",
    (
        _rule("round_trips", v.integer(0, 1000, "0 = no limit"), "A case has so many round trips of mail and reply."),
        _rule(
            "silence_days", v.integer(0, 3650, "0 = no limit"), "After each reply the client has so many days to write."
        ),
        _rule("intake_silence_days", v.integer(0, 3650, "0 = no limit"), "The same while required items are missing."),
        _rule("client_days", v.integer(0, 3650, "0 = no limit"), "The client's days of a whole case, added up."),
        _rule(
            "resend_after_days",
            v.integer(0, 365, "0 = not said"),
            "The client is told to write again after so many days without a reply.",
        ),
        _rule(
            "alert_days",
            v.rising_days,
            "The shared inbox is alerted when a client has waited so many days; the last time operators too.",
            "[3, 7, 9]",
        ),
        _rule("alert_count", v.one_of("calendar", "working"), "Whether these are calendar days or working days."),
        _rule(
            "alert_repeat_days",
            v.integer(0, 365, "0 = not repeated"),
            "The last alert is repeated every so many days until someone answers.",
        ),
        _rule(
            "attachments",
            v.one_of("reject", "strip", "refuse"),
            "A client's attachment: reject = the mail is asked for without; strip = its text passes; refuse = 5xx.",
        ),
        _rule(
            "attachment_grace_days", v.integer(0, 365), "After such a rejection the client has at least so many days."
        ),
        _rule(
            "grace_hours", v.integer(0, 168), "After an outage of ours no case closes for silence for so many hours."
        ),
        _rule("form_only", v.boolean, "First mails only from the web form of [desk.form]."),
        _rule(
            "ack",
            v.one_of("turn", "case", "never"),
            "The acknowledgement goes out once per turn of the client, once per case, or never.",
        ),
        _rule(
            "required", REQUIRED_ITEMS, "What a first mail must tell.", '["name", "sex", "age", "region", "content"]'
        ),
        _rule("intake_asks", v.integer(0, 10), "What is missing is asked for so many times at most."),
        _rule(
            "template_cap",
            v.integer(1, 1000),
            "At most so many letters that maild writes by itself to one address a day.",
        ),
        _rule("crisis", v.boolean, "Every mail is checked for signs of danger to life."),
        _rule(
            "crisis_minutes",
            v.integer(1, 1440),
            "The urgent notice repeats every so many minutes until somebody answers #taken.",
        ),
        _rule("crisis_ack_hours", v.integer(1, 720), "At most one crisis letter to a client in so many hours."),
        _rule("crisis_phrases", v.listing(v.file), "Files with phrases of your own, beside the built-in list."),
        _rule(
            "companion",
            v.one_of("announce", "forbidden"),
            "Whether others may sit in or write for the client, if they say so.",
        ),
        _rule("held_days", v.integer(1, 365), "Staff are reminded of a held case every so many days."),
        _rule("digest", DIGEST, "When the digest goes out each working morning."),
        _rule(
            "closing_days",
            v.text(200, empty=True),
            "When the desk is closed, in words; printed in the acknowledgement.",
            "none",
        ),
        _rule("free_of_charge", v.boolean, "The acknowledgement says that it costs nothing but the connection."),
        _rule("quote_client", v.boolean, "A reply quotes the client's last mail below it; families share phones."),
        _rule("holidays", v.listing(v.day), "Days off beside Japan's public holidays.", "[]"),
        _rule("hours", HOURS_READER, "When the desk is staffed; or [desk.hours].", "weekdays 09:00 to 17:00"),
        _rule("hotlines", HOTLINES, "Who can be reached now; or [[desk.hotline]].", "those of the language"),
        _rule("referrals", REFERRALS, "What #refer puts in; or [[desk.referral]].", "[]"),
        _rule("suspend_reasons", v.listing(v.text(100)), "Reasons for which a client may be suspended.", "[]"),
        _rule("disclosure_grounds", v.listing(v.text(100)), "Grounds on which a case may be disclosed.", "[]"),
        _rule("leak_words", v.listing(v.text(100)), "More words that never leave the desk.", "[]"),
        _rule("retention_days", v.integer(0, 36500, "0 = kept"), "A closed case is erased after so many days."),
    ),
)

# Other ways to write three of the rules, as tables of the desk.
ALIASES: Mapping[str, str] = {"hours": "hours", "hotline": "hotlines", "referral": "referrals"}


def rules_from(values: Mapping[str, Any]) -> Rules:
    """The rules from values without faults."""
    known = {one.name for one in fields(Rules)}
    wanted = {key: value for key, value in values.items() if key in known}
    return Rules(**wanted | {"crisis_phrases": tuple(map(str, wanted["crisis_phrases"]))})
