"""Config to parts: the world the pipeline works in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from maild import tokens
from maild.app.stores import open_store
from maild.compose import Templates
from maild.compose.samples import faults, own_texts
from maild.config import Config
from maild.desk import crisis
from maild.desk.crisis import PhraseError
from maild.desk.kinds import KINDS
from maild.desk.rules import Desk
from maild.errors import UserError
from maild.pipeline.world import DeskWorld, World
from maild.resources import templates_dir

__all__ = ["build_world", "open_store"]


def templates_of(desk: Desk) -> Templates:
    """The templates of one desk."""
    return Templates(templates_dir(), desk.name, desk.language, desk.timezone)


def template_faults(config: Config) -> list[str]:
    """What is wrong with any template of any desk, each named once."""
    found: dict[str, None] = {}
    for desk in config.desks:
        found |= dict.fromkeys(faults(templates_of(desk), desk))
    return list(found)


def build_world(config: Config, token: Callable[[], str] = tokens.fresh, *, eight_bit: bool | None = None) -> World:
    """All desks with their templates and phrases. Raises UserError naming every template that cannot be rendered."""
    broken = [*kind_faults(config), *template_faults(config)]
    if broken:
        raise UserError("\n".join(broken))
    return World(
        desks=tuple(_desk_world(config, desk) for desk in config.desks),
        operators=config.maild.operators,
        trusted_authserv=frozenset(name.lower() for name in config.maild.trusted_authserv),
        token=token,
        is_holiday=_holidays(config),
        limits={box.source: box.max_message_bytes for box in config.receive.imap},
        mailboxes={box.source: box.desk for box in config.receive.imap if box.desk},
        boards=frozenset(name for name, _ in config.boards),
        eight_bit=config.send.transport == "maildir" if eight_bit is None else eight_bit,
    )


def kind_faults(config: Config) -> list[str]:
    """Desks of a kind whose rules do not exist yet: run as something else they would promise what nobody keeps."""
    return [
        f'desk {desk.name}: kind = "{desk.kind}" has no rules yet in this version; only '
        f"{', '.join(sorted(KINDS))} can run"
        for desk in config.desks
        if desk.kind not in KINDS
    ]


def phrases_of(desk: Desk) -> crisis.Phrases:
    """The shipped phrase list with the operator's own (K1). Raises UserError."""
    try:
        return crisis.Phrases.load([Path(one) for one in desk.rules.crisis_phrases], language=desk.language)
    except (OSError, PhraseError) as error:
        raise UserError(f"desk {desk.name}: crisis_phrases: {error}") from error


def phrase_faults(config: Config) -> list[str]:
    """What is wrong with the phrase files of any desk."""
    found = []
    for desk in config.desks:
        try:
            phrases_of(desk)
        except UserError as error:
            found.append(str(error))
    return found


def _desk_world(config: Config, desk: Desk) -> DeskWorld:
    templates = templates_of(desk)
    phrases = phrases_of(desk)
    return DeskWorld(
        desk=desk,
        templates=templates,
        phrases=phrases,
        form=config.form(desk.name),
        ours=own_texts(templates, desk),
        staff=desk.staff,
    )


def _holidays(config: Config) -> Callable[[str, date], bool]:
    """Japanese public holidays for desks in Japan's zone, and those of the config (C9)."""
    own = {desk.name: frozenset(desk.rules.holidays) for desk in config.desks}
    japan = {desk.name for desk in config.desks if desk.timezone in ("Asia/Tokyo", "Japan")}

    def is_holiday(desk: str, day: date) -> bool:
        if day in own.get(desk, ()):
            return True
        if desk not in japan:
            return False
        import jpholiday

        return bool(jpholiday.is_holiday(day))

    return is_holiday
