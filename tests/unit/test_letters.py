"""Every letter in both languages, with every sample: it renders, stays discreet, and says what the rules ask for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import time
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from jinja2 import Environment, nodes
from jinja2.meta import find_undeclared_variables

from maild.compose.render import TemplateFault, Templates
from maild.desk import commands, reply_text, threads
from maild.desk.hotlines import not_now
from maild.desk.rules import Hotline, Hours, Rules
from maild.letters import (
    COMMON,
    LETTERS,
    REQUIRED,
    SAMPLE_CASE,
    SAMPLE_CASES,
    SAMPLE_DESKS,
    SAMPLE_HOTLINES,
    SAMPLE_TERMS,
    MarksView,
)

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("ja", "en")
MARKS = MarksView(reply_text.BEGIN_MARK, reply_text.END_MARK, reply_text.LINE_TAG)
RULES = (
    Rules(),
    Rules(round_trips=0, silence_days=0, resend_after_days=0, closing_days="12月29日から1月3日", free_of_charge=False),
    Rules(hours=Hours(weekdays=(1, 5)), intake_asks=1),
    Rules(hours=Hours(weekdays=tuple(range(7)))),
)
CLIENT = sorted(name for name, spec in LETTERS.items() if spec.audience == "client")
STAFF = sorted(name for name, spec in LETTERS.items() if spec.audience == "counselor")
# interfaces.md "Templates": fixed names
FIXED = re.findall(
    r"\w+",
    """
    ack crisis_ack intake_missing attachment_rejected too_large resend_received reply final_reply limit_reached
    closed_silence closed_by_counselor reminder third_party declined_prank declined_urgent declined_crisis
    declined_illegal declined_out_of_scope suspended terms_changed use_the_form service_end announcement
    booking_received booking_items_missing booking_unavailable booking_confirmed booking_cancelled booking_not_agreed
    booking_refused booking_moved booking_offer cancel_by_phone interrupted ask_doctor ask_publication ask_decision
    declined_abuse not_eligible propose_session erased notice notice_urgent notice_third_party alert_waiting delivered
    delivery_failed reply_held command_result digest ask_attendance operator_alert
    """,
)


@cache
def templates(language: str) -> Templates:
    return Templates(ROOT / "templates", "no-desk-of-its-own", language, "Asia/Tokyo")


@cache
def syntax() -> Environment:
    env = Environment(trim_blocks=True, lstrip_blocks=True)
    env.filters |= {"jdate": str, "jtime": str}
    return env


def render(language: str, name: str, values: Mapping[str, Any]) -> tuple[str, str]:
    """Subject and body."""
    letter = templates(language).render(name, values)
    return letter.subject, letter.text


def base(language: str, name: str, **over: Any) -> dict[str, Any]:
    spec = LETTERS[name]
    values: dict[str, Any] = {
        "desk": SAMPLE_DESKS[0],
        "case": None if spec.case == "never" else SAMPLE_CASE,
        "rules": RULES[0],
        "terms": SAMPLE_TERMS[0],
        "hotlines": SAMPLE_HOTLINES[0],
        "language": language,
    }
    if spec.audience == "counselor":
        values["marks"] = MARKS
    return {**values, **spec.defaults, **over}


def every(name: str, language: str) -> Iterator[dict[str, Any]]:
    """Each sample with the usual desk, and each variation of what is common with the first and last sample."""
    spec = LETTERS[name]
    cases = {"never": (None,), "maybe": (None, *SAMPLE_CASES), "always": SAMPLE_CASES}[spec.case]
    for sample in spec.samples:
        for case in cases:
            yield base(language, name, **sample) | {"case": case}
        for rules in RULES:
            yield base(language, name, **sample, rules=rules)
    for sample in (spec.samples[0], spec.samples[-1]):
        for desk in SAMPLE_DESKS:
            yield base(language, name, **sample, desk=desk)
        for terms in SAMPLE_TERMS:
            yield base(language, name, **sample, terms=terms)
        for hotlines in SAMPLE_HOTLINES:
            yield base(language, name, **sample, hotlines=hotlines)


def letters(names: list[str], language: str) -> Iterator[tuple[str, str, str]]:
    for name in names:
        for values in every(name, language):
            yield (name, *render(language, name, values))


def width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in line)


def source(language: str, name: str) -> str:
    return (ROOT / "templates" / language / f"{name}.j2").read_text(encoding="utf-8")


def stems(language: str) -> set[str]:
    return {path.stem for path in (ROOT / "templates" / language).glob("*.j2")}


def variables(language: str, name: str) -> set[str]:
    """All that a template and what it includes need from outside."""
    env = syntax()
    found: set[str] = set()
    assigned: set[str] = set()
    todo, seen = [name], set()
    while todo:
        part = todo.pop()
        if part in seen:
            continue
        seen.add(part)
        tree = env.parse(source(language, part))
        found |= find_undeclared_variables(tree)
        for target in tree.find_all(nodes.Assign):
            assigned |= {n.name for n in target.find_all(nodes.Name) if n.ctx == "store"}
        for loop in tree.find_all(nodes.For):
            assigned |= {n.name for n in loop.target.find_all(nodes.Name)}
            if isinstance(loop.target, nodes.Name):
                assigned.add(loop.target.name)
        todo += [
            str(i.template.value)[:-3] for i in tree.find_all(nodes.Include) if isinstance(i.template, nodes.Const)
        ]
    return found - assigned - {"loop"}


# -- the table -----------------------------------------------------------------------------------------------------


def test_the_table_has_the_fixed_names() -> None:
    assert set(FIXED) == set(LETTERS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_template_for_each_name_and_no_other(language: str) -> None:
    assert {stem for stem in stems(language) if not stem.startswith("_")} == set(LETTERS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(LETTERS))
def test_the_first_line_is_the_subject_and_the_second_empty(language: str, name: str) -> None:
    assert re.match(r"Subject: \S.*\n\n(?!\n)", source(language, name))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_shared_part_is_used(language: str) -> None:
    used = set(re.findall(r'include "(\w+)\.j2"', "".join(source(language, stem) for stem in stems(language))))
    assert used == {stem for stem in stems(language) if stem.startswith("_")}


@pytest.mark.parametrize("name", sorted(LETTERS))
def test_templates_use_only_what_the_table_allows_alike_in_both_languages(name: str) -> None:
    spec = LETTERS[name]
    allowed = {*COMMON, *(v.name for v in spec.variables)} | ({"marks"} if spec.audience == "counselor" else set())
    japanese, english = variables("ja", name), variables("en", name)
    assert japanese == english
    assert japanese <= allowed


@pytest.mark.parametrize("name", sorted(LETTERS))
def test_samples_give_what_has_no_default_and_nothing_unknown(name: str) -> None:
    spec = LETTERS[name]
    required = {v.name for v in spec.variables if v.default is REQUIRED}
    known = {v.name for v in spec.variables}
    for sample in spec.samples:
        assert required <= set(sample) <= known


@pytest.mark.parametrize("name", sorted(LETTERS))
def test_every_variable_has_a_sample_that_differs_from_its_default(name: str) -> None:
    for variable in LETTERS[name].variables:
        if variable.default is not REQUIRED and variable.name in variables("ja", name):
            assert any(
                sample.get(variable.name, variable.default) != variable.default for sample in LETTERS[name].samples
            ), variable


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(LETTERS))
def test_renders_with_every_sample_as_plain_tidy_text(language: str, name: str) -> None:
    for values in every(name, language):
        subject, body = render(language, name, values)
        assert subject == subject.strip() and "  " not in subject and subject
        assert body.strip() and body.endswith("\n") and not body.endswith("\n\n")
        assert "\n\n\n" not in body and not body.startswith("\n"), body
        for line in body.split("\n"):
            assert line == line.rstrip(), line
            assert "{{" not in line and "{%" not in line and "None" not in line and "Undefined" not in line
        assert not re.search(r"[<>]\w|</|&\w+;|\*\*|\t", body)


def test_a_missing_variable_is_an_error() -> None:
    values = base("ja", "too_large")
    with pytest.raises(TemplateFault, match="limit_mb"):
        render("ja", "too_large", values)


# -- letters to clients --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(LETTERS))
def test_japanese_letters_can_be_sent_as_iso_2022_jp(name: str) -> None:
    for values in every(name, "ja"):
        text = "\n".join(render("ja", name, values))
        text.encode("cp932")
        text.encode("iso2022_jp")


@pytest.mark.parametrize("language", LANGUAGES)
def test_english_static_text_is_ascii_and_lines_fit_a_phone(language: str) -> None:
    for name in stems(language):
        if language == "en":
            assert source("en", name).isascii(), name


@pytest.mark.parametrize(("language", "most"), [("ja", 44), ("en", 50)])
def test_lines_to_clients_fit_a_phone(language: str, most: int) -> None:
    for name, subject, body in letters(CLIENT, language):
        assert width(subject) <= 44, (name, subject)
        for line in body.split("\n"):
            assert width(line) <= most, (name, line)


@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_to_counselors_are_short_too(language: str) -> None:
    for name, subject, body in letters(STAFF, language):
        assert width(subject) <= 60, (name, subject)
        for line in body.split("\n"):
            assert width(line) <= 60, (name, line)


SECRET = {
    "ja": re.compile("相談|悩み|自殺|死|つらい|辛い|危機|緊急|至急|心|カウンセ|病|障害|いのち|命"),
    "en": re.compile("consult|counsel|suicid|death|die|crisis|urgent|mental|illness|help"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_subjects_and_first_lines_betray_nothing(language: str) -> None:
    """P10: a phone on the table shows the subject and the first line."""
    for name, subject, body in letters(CLIENT, language):
        shown = subject if name in ("reply", "final_reply", "announcement") else f"{subject}\n{body.splitlines()[0]}"
        assert not SECRET[language].findall(shown.lower()), (name, shown)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_tag_betrays_nothing_and_stands_in_every_subject_of_a_case(language: str) -> None:
    assert not SECRET[language].search(threads.tag(12, language).lower())
    assert re.fullmatch(r"\[\S+ 12\]", threads.tag(12, language))
    for name in CLIENT:
        for sample in LETTERS[name].samples:
            subject, body = render(language, name, base(language, name, **sample))
            assert subject.startswith(SAMPLE_CASE.tag + " ") == (LETTERS[name].case != "never"), name
            assert SAMPLE_CASE.tag not in body


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_letter_to_a_client_names_anybody(language: str) -> None:
    """P10: neither the client's chosen name nor their files; P2: no counselor could be named at all."""
    for name in CLIENT:
        assert "case.name" not in source(language, name)
        assert not variables(language, name) & {"name", "names", "counselor", "subject", "quoted"}
        for sample in LETTERS[name].samples:
            if name == "booking_confirmed":
                sample = {**sample, "items": ()}
            _, body = render(language, name, base(language, name, **sample))
            assert SAMPLE_CASE.name not in body and not re.search("匿名|[Aa]nonymous", body)


# officialese, and words that teach or blame somebody who is at their lowest
UNWANTED = {
    "ja": re.compile(
        "させていただき|させて頂き|いただきたく|賜|何卒|ご査収|ご高覧|拝啓|敬具|貴殿|弊社|当方|当局|下記|上記|つきましては|旨を|ご了承|ご承知"
        "|致します|致しました|頂きます|幸甚|御|利用規約|免責|一切の責任|遵守|該当|速やか|厳守|期限切れ|違反|禁止"
        "|べきです|してはいけません|頑張って|がんばって|前向き|あきらめないで|なぜ|命を大切|ご家族が悲し|自殺|死な"
    ),
    "en": re.compile(
        "hereby|aforementioned|pursuant|kindly|regret to inform|forthwith|in order to|utilize|failure to"
        "|you should|you must not|cheer up|stay positive|your fault|suicid|why did"
    ),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_stiff_or_blaming_words(language: str) -> None:
    for name in stems(language):
        assert not UNWANTED[language].findall(source(language, name).lower()), name


def test_japanese_letters_are_polite_and_plain() -> None:
    """Sentences end in です or ます; no kanji that a fifteen-year-old stumbles over in a run of six."""
    ends = re.compile(r"(?:です|ます|ません|ました|でした|ください|ましょう|でしょうか|へ|か|こちら)。$")
    for name in CLIENT:
        for sample in LETTERS[name].samples:
            _, body = render(
                "ja", name, base("ja", name, **{**sample, **({"text": "本文です。"} if "text" in sample else {})})
            )
            static = [line for line in body.split("\n") if line.endswith("。")]
            assert not [line for line in static if not ends.search(line)], name
            assert not re.search(r"[一-龥]{6}", body.replace(SAMPLE_DESKS[0].display_name, "")), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_dates_have_their_year(language: str) -> None:
    for name in CLIENT:
        for values in every(name, language):
            subject, body = render(language, name, values)
            shown = f"{subject}\n{body}".replace(values["rules"].closing_days or "\0", "")
            if language == "ja":
                assert len(re.findall(r"\d+月\d+日", shown)) == len(re.findall(r"\d{4}年\d+月\d+日", shown)), name
            else:
                months = "January|February|March|April|May|June|July|August|September|October|November|December"
                assert len(re.findall(rf"\d+ (?:{months})", shown)) == len(
                    re.findall(rf"\d+ (?:{months}) \d{{4}}", shown)
                )


@pytest.mark.parametrize("name", [n for n in CLIENT if "closes_on" in variables("ja", n)])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_last_day_is_printed_where_there_is_one(language: str, name: str) -> None:
    if name == "final_reply":
        pytest.skip("the case closes with it")
    samples: list[dict[str, Any]] = [dict(s) for s in LETTERS[name].samples if s.get("closes_on")]
    assert samples
    for sample in samples:
        assert (
            templates(language).jdate(sample["closes_on"]) in render(language, name, base(language, name, **sample))[1]
        )


# T: what every acknowledgement says, as marks in its text
T_MARKS = {
    "ja": "数日 soudan@desk.example 受け取れる設定 思いちがい 決めるのはあなた もう一度お送り 年末年始 "
    "お金はかかりません 通信料",
    "en": "several+days soudan@desk.example set+your+phone misunderstand your+own+decision write+again New+Year "
    "free+of+charge connection",
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("sample", LETTERS["ack"].samples)
def test_every_acknowledgement_carries_the_words_of_rule_t(language: str, sample: Mapping[str, object]) -> None:
    _, body = render(language, "ack", base(language, "ack", **sample))
    assert not [mark for mark in T_MARKS[language].split() if mark.replace("+", " ") not in body]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("sample", LETTERS["booking_received"].samples)
def test_an_acknowledged_booking_carries_them_too(language: str, sample: Mapping[str, object]) -> None:
    """T; what to do without an answer is B3b's."""
    _, body = render(language, "booking_received", base(language, "booking_received", **sample))
    marks = [mark for mark in T_MARKS[language].split() if mark not in ("もう一度お送り", "write+again")]
    assert not [mark for mark in marks if mark.replace("+", " ") not in body]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_acknowledgement_follows_the_desk(language: str) -> None:
    _, body = render(language, "ack", base(language, "ack", first=True, rules=RULES[1], resend_after_days=4))
    assert "12月29日から1月3日" in body
    assert "4日たっても" in body or "after 4 days" in body
    assert "お金はかかりません" not in body and "free of charge" not in body
    assert "往復" not in body and "0 times" not in body


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_acknowledgement_says_what_consent_is(language: str) -> None:
    """C1, S7: the version or address of the terms; later ones say so only after a change."""
    for values in ({"first": True}, {"terms_changed": True}):
        _, body = render(language, "ack", base(language, "ack", **values))
        assert "2026-04" in body and "https://desk.example/terms" in body
    assert "2026-04" not in render(language, "ack", base(language, "ack"))[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_crisis_ack_names_every_hotline_and_promises_nothing(language: str) -> None:
    """K3: says when people read and who can be reached now."""
    subject, body = render(language, "crisis_ack", base(language, "crisis_ack"))
    for line in SAMPLE_HOTLINES[0]:
        assert all(part in body for part in (line.name, line.phone, line.hours, line.url, line.region, line.ages))
    assert "119" in body and "110" in body and "9:00" in body and "17:00" in body
    assert subject == render(language, "ack", base(language, "ack"))[0]
    assert not [
        w
        for w in ("お返事を書き", "お返事します", "数日", "we will answer", "write you an answer")
        if w in body.lower()
    ]
    _, bare = render(language, "crisis_ack", base(language, "crisis_ack", hotlines=()))
    assert "119" in bare and "110" in bare


@pytest.mark.parametrize("language", LANGUAGES)
def test_crisis_ack_at_night_names_first_who_can_be_reached_now(language: str) -> None:
    """K3: nobody is sent to a line that is closed at this hour before the ones that are open."""
    lines = SAMPLE_HOTLINES[0]
    later = not_now(lines, time(3, 0))
    assert [line.name for line in later] == ["十代の電話"] and not_now(lines, time(16, 0)) == ()
    _, body = render(language, "crisis_ack", base(language, "crisis_ack", staffed=False, later=later))
    places = [body.index(line.name) for line in (*(one for one in lines if one not in later), *later)]
    assert places == sorted(places) and all(body.count(line.name) == 1 for line in lines[:3])
    night = {"ja": "その時間の外です", "en": "outside these hours"}[language]
    assert night in body and night not in render(language, "crisis_ack", base(language, "crisis_ack"))[1]
    assert RULES[1].closing_days in render(language, "crisis_ack", base(language, "crisis_ack", rules=RULES[1]))[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_crisis_ack_promises_no_voice_whose_hours_it_does_not_know(language: str) -> None:
    """K3: "now" is said of what is open now, and an emergency number stands once, under the desk's name for it."""
    now, word = {"ja": ("いま、声", "日や地域で"), "en": ("listen now", "by day and region")}[language]
    always, unsure = Hotline("A line", "0120-1", "24時間"), Hotline("B line", "0120-2")
    ambulance = Hotline("C ambulance", "119", "24時間")
    for hotlines, promised, doubted in (
        ((always,), True, False),
        ((ambulance, unsure, always), True, True),
        ((unsure, ambulance), False, True),
        ((ambulance,), False, False),
    ):
        _, body = render(language, "crisis_ack", base(language, "crisis_ack", hotlines=hotlines))
        assert ((now in body), (word in body)) == (promised, doubted), body
        assert all(body.count(line.name) == body.count(line.phone) == 1 for line in hotlines)
        assert always not in hotlines or unsure not in hotlines or body.index("A line") < body.index("B line")


@pytest.mark.parametrize(
    ("hours", "open_at", "closed_at"),
    [
        ("10時から22時", "10:00 21:59", "9:59 22:00"),
        ("16時から21時、毎月10日は24時間", "16:00", "3:00"),
        ("9:30-17:00", "9:30", "9:29 17:00"),
        ("22時〜翌6時", "22:00 3:00", "6:00 12:00"),
        ("22時〜6時", "22:00 3:00", "6:00 12:00"),
        ("24時間", "0:00 23:59", ""),
        ("", "3:00", ""),
        ("平日のみ", "3:00", ""),
    ],
)
def test_k3_which_hours_a_hotline_says_it_has(hours: str, open_at: str, closed_at: str) -> None:
    def told(clock: str) -> bool:
        hour, minute = clock.split(":")
        return not_now((Hotline("電話", "0120", hours),), time(int(hour), int(minute))) == ()

    assert all(told(clock) for clock in open_at.split())
    assert not any(told(clock) for clock in closed_at.split())


DECLINED = ("urgent", "crisis", "illegal", "out_of_scope")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", ["prank", "abuse", *DECLINED])
def test_declining_names_where_to_turn_but_for_pranks_and_abuse(language: str, reason: str) -> None:
    _, body = render(language, f"declined_{reason}", base(language, f"declined_{reason}"))
    assert (SAMPLE_HOTLINES[0][0].phone in body) == (reason in DECLINED)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_emergency_number_is_named_once(language: str) -> None:
    for name in ("declined_urgent", "declined_crisis", "declined_illegal"):
        for hotlines in SAMPLE_HOTLINES:
            _, body = render(language, name, base(language, name, hotlines=hotlines))
            assert len(re.findall(r"\b119\b", body)) == 1 and len(re.findall(r"(?<!9)\b110\b", body)) == 1, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_limit_is_named_only_where_it_was_reached(language: str) -> None:
    """C3: a case that a counselor closed early has not used up its round trips."""
    word = {"ja": "3往復", "en": "3 letters"}[language]
    for case, named in ((SAMPLE_CASES[3], True), (SAMPLE_CASE, False), (SAMPLE_CASES[1], False), (None, False)):
        _, body = render(language, "limit_reached", base(language, "limit_reached") | {"case": case})
        assert (word in body) == named


@pytest.mark.parametrize("language", LANGUAGES)
def test_third_party_is_the_same_whether_or_not_there_is_a_case(language: str) -> None:
    """D2: nothing in it depends on a case."""
    assert "case" not in variables(language, "third_party")
    assert render(language, "third_party", base(language, "third_party")) == render(
        language, "third_party", base(language, "third_party") | {"case": SAMPLE_CASE}
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_missing_items_are_asked_for_in_words_and_no_others(language: str) -> None:
    words = {
        "ja": {"sex": "性別", "age": "年齢", "region": "お住まい"},
        "en": {"sex": "gender", "age": "Your age", "region": "Where you live"},
    }[language]
    for item, word in words.items():
        _, body = render(language, "intake_missing", base(language, "intake_missing", missing=[item]))
        assert [w for w in words.values() if w in body] == [word]
    _, body = render(language, "intake_missing", base(language, "intake_missing", missing=["求職番号"]))
    assert "求職番号" in body


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["reply", "final_reply"])
def test_the_counselors_words_stand_first_and_unchanged(language: str, name: str) -> None:
    text = "一行目\n\n  二行目 {{ case.name }} {% raw %}\n> 三行目 <b>&amp;</b>\n・おわり"
    _, body = render(language, name, base(language, name, text=text))
    assert body.startswith(text + "\n\n-")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(LETTERS))
def test_no_line_that_a_mail_program_takes_for_a_signature_or_quote(language: str, name: str) -> None:
    """But the one quote that a desk may ask for, which is meant to be taken for one (P10)."""
    for values in every(name, language):
        _, body = render(language, name, values)
        if values.get("your_words"):
            body, _, quoted = body.partition("\n> ")
            assert quoted.replace("\n> ", "\n") == values["your_words"] + "\n"
        assert not re.search(r"(?m)^(-- ?|>.*|From .*)$", body), body


# -- letters to counselors -----------------------------------------------------------------------------------------

ANSWERABLE = [name for name in STAFF if name != "digest"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ANSWERABLE)
def test_internal_lines_carry_the_mark(language: str, name: str) -> None:
    """P5: between the marks every line has the tag; what comes from outside stands between blocks."""
    for values in every(name, language):
        lines = render(language, name, values)[1].strip("\n").split("\n")
        assert lines[0] == MARKS.begin and lines[-1] == MARKS.end
        inside, before = False, MARKS.begin
        for line in lines:
            if line in (MARKS.begin, MARKS.end):
                assert inside == (line == MARKS.end)
                inside = not inside
            elif inside and line:
                assert line.startswith(MARKS.tag + " "), line
            elif inside:
                assert before.startswith(MARKS.tag), "no empty line at the edge of a block"
            assert not (line == MARKS.end and not before)
            before = line
            assert not line.startswith(("#", "＃")), line


CONVERSATION = [name for name in STAFF if name not in ("digest", "notice_third_party")]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", CONVERSATION)
def test_subjects_to_counselors_begin_with_the_case(language: str, name: str) -> None:
    word = {"ja": "相談", "en": "Case"}[language]
    for sample in LETTERS[name].samples:
        subject, _ = render(language, name, base(language, name, **sample))
        assert subject.startswith(f"[{word} 12] ") and SAMPLE_CASE.name in subject
        assert SAMPLE_CASE.tag not in subject


PROGRAMS = {
    "prefixed": lambda written, notice: (
        f"{written}\n\n2026年1月5日(月) 9:05 窓口 <soudan@desk.example>:\n"
        + "\n".join(f"> {line}" for line in notice.split("\n"))
    ),
    "unprefixed": lambda written, notice: (
        f"{written}\n\n-----Original Message-----\nFrom: soudan@desk.example\n\n{notice}"
    ),
    "bare": lambda written, notice: f"{written}\n\n{notice}",
}


@pytest.mark.parametrize("program", sorted(PROGRAMS))
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ANSWERABLE)
def test_a_reply_above_any_of_them_is_taken_out_alone(language: str, name: str, program: str) -> None:
    """P2, P5: what a counselor writes above is all that could go out; no order comes from our own lines."""
    written = "お手紙を読みました。\n\n今日は、よく休んでください。"
    for sample in LETTERS[name].samples:
        notice = render(language, name, base(language, name, **sample))[1]
        found = reply_text.extract(PROGRAMS[program](written, notice), notice=notice)
        assert found.body == written or not found.certain
        assert MARKS.tag not in found.body and not found.commands


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_order_that_help_names_is_understood(language: str) -> None:
    _, body = render(language, "command_result", base(language, "command_result", help=True))
    lines = re.findall(r"(?m)^(?:・|- )(#\S+)", body)
    assert len(lines) >= 20
    for line in lines:
        assert commands.read(line).fault != "unknown", line
    reasons = {"ja": "いたずら 緊急 危機 違法 対象外 暴言", "en": "prank urgent crisis illegal out-of-scope abuse"}[
        language
    ]
    for reason in reasons.split():
        assert reason in body
        assert commands.read(f"#decline {reason}").fault is None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ANSWERABLE)
def test_every_order_in_quotation_marks_is_understood(language: str, name: str) -> None:
    for order in re.findall(r'[「"](#[^」"]+)[」"]', source(language, name)):
        if order.split()[0] not in ("#attended", "#noshow"):  # booking desks
            found = commands.read(order)
            assert found.fault is None or found.name == "accept_address", order


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_help_table_fits_a_phone(language: str) -> None:
    for desk in SAMPLE_DESKS:
        _, body = render(language, "command_result", base(language, "command_result", help=True, desk=desk))
        table = body.split(MARKS.end)[1].split(MARKS.begin)[0]
        assert max(map(width, table.split("\n"))) <= 36


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_urgent_notice_asks_first_for_somebody_to_take_it(language: str) -> None:
    order = {"ja": "#対応します", "en": "#taken"}[language]
    for sample in LETTERS["notice_urgent"].samples:
        _, body = render(language, "notice_urgent", base(language, "notice_urgent", **sample))
        assert order in "\n".join(body.split("\n")[:6])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["notice", "notice_urgent"])
def test_a_notice_shows_all_that_a_counselor_must_know(language: str, name: str) -> None:
    sample: dict[str, Any] = dict(LETTERS[name].samples[1])
    _, body = render(language, name, base(language, name, **sample))
    text = str(sample["text"])
    head, _, rest = body.partition(text)
    assert rest, "the client's words stand whole"
    for shown in (
        templates(language).jtime(sample["arrived"]),
        templates(language).jdate(sample["closes_on"]),
        "同席",
        "求職番号",
    ):
        assert shown in head
    for entry in sample["exchange"]:
        assert entry["text"] in rest
    assert "24歳" in rest


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_reason_and_flag_has_words(language: str) -> None:
    sample: dict[str, Any] = dict(LETTERS["reply_held"].samples[1])
    _, body = render(language, "reply_held", base(language, "reply_held", **sample))
    assert not [code for code in sample["reasons"] if f"- {code}\n" in body or f"・{code}\n" in body]
    doubts = get_args(reply_text.DoubtCode)
    assert set(doubts) <= set(sample["reasons"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_personal_goes_to_operators(language: str) -> None:
    assert "name" not in {
        a.attr
        for a in syntax().parse(source(language, "operator_alert")).find_all(nodes.Getattr)
        if isinstance(a.node, nodes.Name) and a.node.name == "case"
    }
    for values in every("operator_alert", language):
        assert SAMPLE_CASE.name not in "".join(render(language, "operator_alert", values))


# -- the page ------------------------------------------------------------------------------------------------------


def test_the_page_lists_every_letter_with_its_variables() -> None:
    page = (ROOT / "docs" / "letters.md").read_text(encoding="utf-8")
    for name, spec in LETTERS.items():
        names = " ".join(v.name if v.default is REQUIRED else f"{v.name}?" for v in spec.variables) or "none"
        assert f"| `{name}` | {spec.audience} | {spec.purpose} | {names} |" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_parts_put_in_their_place_change_nothing(language: str) -> None:
    """Letters are rendered from templates with their includes inlined; to the byte what the files as they are give."""
    both = templates(language)
    for name in LETTERS:
        as_it_is = both._environment.get_template(f"{name}.j2")
        inlined = both._inlined.get_template(f"{name}.j2")
        for values in every(name, language):
            assert inlined.render(values) == as_it_is.render(values), name


def test_a_fault_within_a_part_is_told_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "ja").mkdir()
    (tmp_path / "ja" / "ack.j2").write_text('Subject: a\n\nb\n{% include "_part.j2" %}\n')
    (tmp_path / "ja" / "_part.j2").write_text("one\ntwo {% if %}\n")
    with pytest.raises(TemplateFault, match="line 2"):
        Templates(tmp_path, "soudan", "ja", "Asia/Tokyo").render("ack", {})
    (tmp_path / "ja" / "_part.j2").unlink()
    with pytest.raises(TemplateFault, match=r"_part\.j2"):
        Templates(tmp_path, "soudan", "ja", "Asia/Tokyo").render("ack", {})
