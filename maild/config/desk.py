"""One [[desk]]: its tables read, its languages' hotlines put in, its terms hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from maild.config import keys
from maild.config.checks import check_board, check_security
from maild.config.faults import as_written
from maild.config.model import Board
from maild.config.reading import Place, good, read_table, table_of, tables_of
from maild.config.rule_keys import ALIASES, RULES, rules_from
from maild.config.secret import secret
from maild.config.values import text
from maild.desk.form import Form
from maild.desk.hotlines import hotlines_of
from maild.desk.rules import Counselor, Desk, Terms
from maild.resources import templates_dir


@dataclass(slots=True)
class ReadDesk:
    """A desk that has been read but not yet held against the rest."""

    values: dict[str, Any]
    rules: dict[str, Any]
    counselors: list[dict[str, Any]]
    terms: list[dict[str, Any]]
    form: Form | None
    board: Board | None = None

    def build(self) -> Desk:
        """The desk; only once no fault was found anywhere."""
        rules = rules_from(self.rules)
        if not rules.hotlines and not self.values["hotlines_given"]:
            rules = replace(rules, hotlines=hotlines_of(self.values["language"]))
        wanted = {name: value for name, value in self.values.items() if name != "hotlines_given"}
        return Desk(
            counselors=tuple(Counselor(**one) for one in self.counselors),
            terms=tuple(
                Terms(one["version"], one["effective"], one["sha256"], one["url"])
                for one in sorted(self.terms, key=lambda one: one["effective"])
            ),
            rules=rules,
            **wanted,
        )


def read_desk(raw: object, place: Place, maild: Mapping[str, Any]) -> ReadDesk:
    """Read one desk, noting every fault of its own."""
    values = read_table(keys.DESK, raw, place)
    table: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}
    if values["display_name"] is None:
        values["display_name"] = values["name"]
    if values["timezone"] is None:
        values["timezone"] = maild["timezone"]
    if values["show_client_address"] is None:
        values["show_client_address"] = values["kind"] == "booking"  # rules P1
    if good(values["language"]) and not (templates_dir() / values["language"]).is_dir():
        there = sorted(one.name for one in templates_dir().glob("??") if one.is_dir())
        place.at("language").fault(
            f"is a directory of templates: {', '.join(there) or 'none is installed'}", values["language"]
        )
    raw_rules = dict(table_of(table, "rules", place))
    for alias, rule in ALIASES.items():
        if alias in table:
            if rule in raw_rules:
                place.at(alias).fault(f"stands beside rules.{rule}: give one of them")
            else:
                raw_rules[rule] = table[alias]
    values["hotlines_given"] = "hotlines" in raw_rules
    return ReadDesk(
        values,
        read_table(RULES, raw_rules, place.at("rules")),
        _counselors(table, place),
        _terms(table, place),
        _form(table, place) if "form" in table else None,
        _board(table, place) if "board" in table else None,
    )


def _counselors(table: Mapping[str, Any], place: Place) -> list[dict[str, Any]]:
    raw = tables_of(table, "counselor", place)
    if not raw:
        place.at("counselor").fault("is required: at least one [[desk.counselor]] with name and address")
    return [read_table(keys.COUNSELOR, one, place.at("counselor").at(index)) for index, one in enumerate(raw)]


def _terms(table: Mapping[str, Any], place: Place) -> list[dict[str, Any]]:
    raw = tables_of(table, "terms", place)
    if not raw:
        place.at("terms").fault("is required: at least one [[desk.terms]] with version, effective and file")
    found: list[dict[str, Any]] = []
    for index, one in enumerate(raw):
        here = place.at("terms").at(index)
        values = read_table(keys.TERMS, one, here)
        values["sha256"] = ""
        if good(values["file"]) and place.notes.require_files:
            data = values["file"].read_bytes()
            values["sha256"] = hashlib.sha256(data).hexdigest()
            if not data.strip():
                here.at("file").fault(
                    "names an empty file; it holds the text that clients consent to",
                    as_written(values["file"], place.notes.base),
                )
        for other in found:
            for key, meaning in (
                ("version", "another version has this name"),
                ("effective", "another version holds from this day"),
            ):
                if good(values[key]) and values[key] == other[key]:
                    here.at(key).fault(meaning, values[key])
        found.append(values)
    return found


def _form(table: Mapping[str, Any], place: Place) -> Form | None:
    here = place.at("form")
    raw = table_of(table, "form", place)
    values = read_table(keys.FORM, raw, here)
    labels: list[tuple[str, str]] = []
    for name, label in table_of(raw, "fields", here).items():
        found = text(100).read(label, here.at("fields").at(name))
        if good(found):
            labels.append((str(name), found))
    if "email" not in dict(labels):
        here.at("fields").at("email").fault("is required: the label of the client's address in the form's mails")
    if not good(values["sender"]) or not good(values["url"]):
        return None
    return Form(values["sender"], tuple(labels), values["url"])


def _board(table: Mapping[str, Any], place: Place) -> Board | None:
    here = place.at("board")
    raw = table["board"]
    values = read_table(keys.BOARD, raw, here)
    password = secret(values, "password", here)
    names = ("password_file", "password_credential", "password")
    if isinstance(raw, Mapping) and not any(name in raw for name in names):
        here.at("password_file").fault("is required: " + keys.BOARD.key("password_file").reader.allowed)
    check_security(values, here)
    check_board(values, here)
    for folder in ("inbox", "waiting"):
        if good(values[folder]) and values[folder].upper() == "INBOX":
            values[folder] = "INBOX"  # in any case (RFC 3501 section 5.1)
    if values["port"] is None:
        values["port"] = 993 if values["security"] == "tls" else 143
    if password is None or not all(good(one) for one in values.values()):
        return None
    wanted = {name: value for name, value in values.items() if name not in names}
    return Board(password=password, **wanted)
