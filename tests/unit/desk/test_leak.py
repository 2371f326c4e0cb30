"""The leak guard (rules P5, P2a): names, addresses, numbers and cases that must not reach a client; and what may."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.desk.chosen_names import ChosenNames
from maild.desk.folded import fold
from maild.desk.leak import Secrets, find
from maild.desk.rules import Counselor

SATO = Counselor("佐藤花子", "hsato@desk.example", ("さとうはなこ", "Sato Hanako"), "090-1234-5678")
TANAKA = Counselor("田中 一郎", "tanaka@desk.example")
SECRETS = Secrets(
    counselors=(SATO, TANAKA, Counselor("林花子", "hayashi@desk.example")),
    addresses=("counselors@desk.example",),
    allowed=("soudan@desk.example", "hanako@docomo.example"),
    allowed_phones=("0120-783-556",),
    words=("内線",),
    other_names=("みかんの木",),
    case=12,
)


@pytest.mark.parametrize(
    "text",
    [
        "佐藤花子です。",
        "担当の佐藤です。",
        "花子より",
        "さとうはなこ",
        "サトウハナコ",
        "ｻﾄｳﾊﾅｺ",
        "Regards, Sato",
        "SATO HANAKO",
        "田中一郎",
        "田中　一郎",
        "林 花子と申します",
        "佐　藤　花　子",
        "hsato@desk.example まで",
        "ｈｓａｔｏ＠ｄｅｓｋ．ｅｘａｍｐｌｅ",
        "tanaka までどうぞ",
        "someone@else.example に相談を",
        "taro.suzuki@pref.mie.lg.jp の方にも",
        "090-1234-5678へ",
        "０９０－１２３４－５６７８",
        "09012345678",
        "090(1234)5678",
        "内線 12",
        "みかんの木さんも",
        "受付 13 の方",
        "[Ref 13]",
    ],
)
def test_p5_what_must_not_stand_there(text: str) -> None:
    assert find(text, SECRETS) != ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "お気持ちをお聞かせください。",
        "soudan@desk.example からお送りしています。",
        "Soudan@Desk.Example.",
        "0120-783-556 にお電話ください。",
        "受付 12 としてお受けしています。",
        "相談 3回まで",
        "相談24時間受け付け",
        "satisfied, satoyama",
        "03-1234-5678",  # a phone of nobody here
        "県の窓口（soudan@pref.mie.lg.jp）も使えます。",
    ],
)
def test_p5_what_may(text: str) -> None:
    assert find(text, SECRETS) == ()


def test_p2a_a_counselor_who_signs_by_name() -> None:
    signed = replace(SECRETS, names=False)
    assert find("佐藤花子", signed) == ()
    assert find("hsato@desk.example", signed) != ()


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("佐藤花子", ["佐藤花子", "佐藤", "花子"]),
        ("田中 一郎", ["田中 一郎", "田中一郎", "田中", "一郎"]),
        ("長谷川花子", ["長谷川花子", "長谷川", "花子"]),
        ("林　花子", ["林　花子", "林花子", "花子"]),
    ],
)
def test_p5_names_and_their_telling_parts(name: str, parts: list[str]) -> None:
    secrets = Secrets(counselors=(Counselor(name, "x@desk.example"),))
    for part in parts:
        assert find(f"担当の{part}です。", secrets), part


@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from(["佐藤花子", "hsato@desk.example", "みかんの木"]))
def test_p5_a_secret_is_found_between_any_words(before: str, after: str, secret: str) -> None:
    assert find(f"{before}。\n{secret}\n。{after}", SECRETS)


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    assert isinstance(find(text, SECRETS), tuple)


@pytest.mark.parametrize(
    "unit",
    ["a", "0", "0-", "090 ", "(", "@", "a@", "a.", "no", "no ", " ", "相談 ", "受付\u3000", "no.#", "佐", "さとう"],
)
def test_m6_hostile_texts_are_read_in_linear_time(unit: str) -> None:
    assert len(find("受付" + (unit * 200_000)[:200_000], SECRETS)) < 200_000


def test_s2_secrets_print_nothing() -> None:
    for secret in ("佐藤", "sato", "5678", "内線", "みかん", "hanako"):
        assert secret not in repr(SECRETS)


# -- measured on texts ---------------------------------------------------------------------------------------------

# A desk with names as awkward as they come: words, places, short readings, rare ones; most have no reading configured.
AWKWARD = tuple(
    Counselor(name, address)
    for name, address in (
        ("佐藤花子", "sato@house.example"),
        ("森 美紀", "m.mori@house.example"),
        ("原愛", "hara@house.example"),
        ("林 ゆき", "yuki.h@house.example"),
        ("石川舞", "ishikawa-m@house.example"),
        ("千葉 希", "chiba@house.example"),
        ("大野のぞみ", "ohno@house.example"),
        ("永井恵", "nagai@house.example"),
        ("中野 みどり", "nakano.m@house.example"),
        ("長谷川 優", "hase@house.example"),
        ("福島まい", "mai@house.example"),
        ("上野ひかり", "ueno@house.example"),
        ("伊藤 誠", "ito@house.example"),
        ("関 あい", "ai@house.example"),
        ("今 勇気", "kon@house.example"),
        ("今井 明日香", "imai@house.example"),
        ("小鳥遊 健", "takanashi@house.example"),
        ("髙橋純一", "junichi@house.example"),
        ("Mary Park", "mary@house.example"),
        ("相談員A", "a@house.example"),
    )
)
DESK = Secrets(
    counselors=AWKWARD,
    addresses=("counselors@house.example", "oncall@house.example", "ops@house.example"),
    allowed=("soudan@house.example", "client@docomo.example"),
    allowed_phones=("0120-279-338",),
    other_names=("はな", "そら", "みどり", "ひまわり", "鈴木 一郎", "名無し", "A", "匿名希望", "母", "Lucky"),
    case=7,
    own_name="さくら",
    other_cases=range(1, 60),
)
INNOCENT = (Path(__file__).parents[2] / "corpus" / "leak" / "innocent.txt").read_text("utf-8").splitlines()

# How counselors let a name slip, in the shapes of real letters.
FRAMES = (
    "お返事ありがとうございます。\n担当の{0}です。",
    "{0}と申します。よろしくお願いします。",
    "メールを読みました。\n\n{0}",
    "ゆっくり休んでください。\n\n相談員　{0}",
    "次回も{0}が担当します。",
    "こちらこそ。\n\n―― {0}",
    "またお待ちしています。\n{0}より",
    "お電話は{0}さんあてにどうぞ。",
    "（担当：{0}）\nこんにちは。",
    "それでは、また。\n公認心理師 {0}\n",
)
SLIPS = (
    "佐藤花子", "佐 藤 花 子", "佐藤", "花子", "さとう", "サトウ", "ｻﾄｳ", "ハナコ", "Sato", "SATOH",
    "Satō", "Hanako Sato", "S a t o", "森", "モリ", "もり", "美紀", "Miki Mori", "原", "原 愛", "Hara",
    "林", "ゆき", "林ゆき", "石川", "いしかわ", "千葉", "大野", "Ohno", "おおの", "のぞみ", "永井", "ながい",
    "ナガイ", "中野", "長谷川", "はせがわ", "ハセガワ", "Hasegawa", "福島", "上野", "うえの", "伊藤",
    "いとう", "Itoh", "Itou", "関", "あい", "今", "今井", "いまい", "明日香", "あすか", "小鳥遊", "たかなし",
    "高橋", "髙橋", "Takahashi", "純一", "Jun'ichi", "Zyun-iti", "Mary Park",
)  # fmt: skip


FRESH = tomllib.loads((Path(__file__).parents[2] / "corpus" / "leak" / "fresh.toml").read_text("utf-8"))["desk"]


def desk_of(entry: dict[str, Any]) -> Secrets:
    """The secrets of one desk of the corpus."""
    return Secrets(
        counselors=tuple(
            Counselor(one["name"], one["address"], tuple(one.get("readings", ())), one.get("phone", ""))
            for one in entry["counselors"]
        ),
        addresses=(entry["inbox"],),
        allowed=(entry["address"], entry["own_address"]),
        allowed_phones=tuple(entry["hotlines"]),
        words=tuple(entry["words"]),
        other_names=tuple(entry["others"]),
        case=entry["case"],
        own_name=entry["own_name"],
        other_cases=range(1, entry["latest"] + 1),
    )


def test_p5_fresh_replies_of_many_desks() -> None:
    """Hundreds of replies at desks of other names: of those that leak and of those that do not, 1 in 100 at most."""
    leaking = [(reply, desk_of(entry)) for entry in FRESH for reply in entry["leaking"]]
    innocent = [(reply, desk_of(entry)) for entry in FRESH for reply in entry["innocent"]]
    assert len(leaking) > 600 and len(innocent) > 500
    missed = [reply for reply, secrets in leaking if not find(reply, secrets)]
    held = {reply: found for reply, secrets in innocent if (found := find(reply, secrets))}
    assert len(missed) <= len(leaking) // 100, missed
    assert len(held) <= len(innocent) // 100, held


def test_p5_texts_that_name_nobody_pass_at_every_desk() -> None:
    """What was written for another purpose altogether: calm texts of the crisis corpus."""
    groups = tomllib.loads((Path(__file__).parents[2] / "corpus" / "crisis" / "calm.toml").read_text("utf-8"))
    texts = [text for group in groups.values() for text in group]
    assert len(texts) > 100
    desks = [desk_of(entry) for entry in FRESH]
    alarms = [(text, found) for text in texts for desk in desks if (found := find(text, desk))]
    assert len(alarms) <= len(texts) * len(desks) // 500, alarms


def test_p5_in_a_letter_nothing_else_is_named() -> None:
    """What leaks is found inside a whole letter, too."""
    letter = "お便りありがとうございます。\nゆっくりで大丈夫です。\n\n{0}\n\nまた書いてください。\n"
    missed = []
    replies = [(reply, desk_of(entry)) for entry in FRESH for reply in entry["leaking"]]
    for reply, secrets in replies:
        if not find(letter.format(reply), secrets):
            missed.append(reply)
    assert len(missed) <= len(replies) // 33, missed


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("上司の佐藤さんに言われたのですね。", False),
        ("佐藤さんという友だちのことですね。", False),
        ("佐藤さんにもよろしくお伝えください。", True),
        ("佐藤健さんのドラマを見たのですね。", False),
        ("佐藤錦が届いたのですね。", False),
        ("佐藤病院に通っているのですね。", False),
        ("佐藤不在のため、別の者がお返事します。", True),
        ("佐\n藤がお返事しました。", True),
        ("一番の方法です。", False),
        ("110番の方が早いです。", False),
        ("十三番の方も", True),
        ("#7119 に電話できます。", False),
        ("#13 の方と", True),
        ("No.1の悩みですね。", False),
        ("はなこさん、こんにちは。", True),
        ("わたしの花子という犬ですね。", False),
        ("H.S.", True),
        ("1234-5678", True),  # the counselor's phone without its area code
    ],
)
def test_p5_a_name_and_what_it_stands_for(text: str, held: bool) -> None:
    assert bool(find(text, replace(SECRETS, other_cases=range(1, 8000)))) is held


def test_p5_names_of_many_clients_are_looked_up_by_the_words_of_the_reply() -> None:
    index = ChosenNames()
    for number in range(5_000):
        index.add(f"user{number}x")
    names = ("さくら", "山田 太郎", "健", "ネコ好きの猫", "Lucky")
    for name in (*names, *names):
        index.add(name)
    text = fold("さくらさん、太郎さん、健さん、ねこ好きの猫さん、luckyさん、user77xさん").text
    assert {*names, "user77x"} <= set(index.within(text))
    assert "user4x" not in set(index.within(fold("user77x").text))
    assert set(index.within(fold("お元気ですか").text)) == set()
    index.discard("さくら")
    assert "さくら" not in set(index.within(text))


@given(st.text(max_size=40), st.text(min_size=1, max_size=12), st.text(max_size=40))
def test_p5_what_the_lookup_leaves_out_is_nowhere(before: str, name: str, after: str) -> None:
    index = ChosenNames()
    index.add(name)
    text = f"{before}{name}さん{after}"
    found = find(text, Secrets(other_names=(name,)))
    assert not found or name in set(index.within(fold(text).text))


def test_p5_innocent_replies_pass() -> None:
    assert len(INNOCENT) >= 150
    alarms = {text: found for text in INNOCENT if (found := find(text, DESK))}
    assert len(alarms) <= len(INNOCENT) // 100, alarms


def test_p5_replies_that_leak_are_held() -> None:
    replies = [frame.format(slip) for slip in SLIPS for frame in FRAMES]
    missed = [reply for reply in replies if not find(reply, DESK)]
    assert len(missed) <= len(replies) // 50, (len(replies), missed)


@pytest.mark.parametrize(
    "text",
    [
        "sato＠house．example",
        "sato (at) house.example",
        "sato @ house . example",
        "ｃｏｕｎｓｅｌｏｒｓ@house.example へ",
        "oncall アットマーク house.example",
        "takanashi あてに",
        "friend@other.example に",
        "受付5の件",
        "[受付 12]",
        "【受付 12】",
        "受付番号：12",
        "12番の方にも",
        "相談 12 をご覧ください",
        "はなさんにも同じことを",
        "そらくんの相談",
        "鈴木一郎",
        "鈴木さん",
        "Luckyさま",
    ],
)
def test_p5_addresses_cases_and_other_clients(text: str) -> None:
    assert find(f"こんにちは。{text}。お元気で。", DESK) != ()


@pytest.mark.parametrize(
    "text",
    [
        "soudan＠house．example",
        "相談12回",
        "受付7",
        "12歳です",
        "受付は12時から",
        "花がさく",
        "そらが青い",
        "みどりの葉",
        "0120-279-338",
        "相談70",
    ],
)
def test_p5_what_only_looks_like_it(text: str) -> None:
    assert find(f"こんにちは。{text}。お元気で。", DESK) == ()


def test_p5_the_clients_own_name_is_no_leak_but_a_signature_is() -> None:
    mine = replace(DESK, own_name="花子")
    assert find("花子さん、こんにちは。\nお元気ですか。", mine) == ()
    assert find("花子\n\nメールをありがとうございます。", mine) == ()
    assert find("はなこさん、こんにちは。", mine) == ()
    assert find("お元気で。\n\n花子", mine) == ("花子",)
    assert find("花子さん、こんにちは。担当の佐藤花子です。", mine) == ("佐藤花子",)
    assert find("佐藤さん、こんにちは。", replace(DESK, own_name="佐藤 健太")) == ()
    assert find("佐藤さん、こんにちは。担当の佐藤です。", replace(DESK, own_name="佐藤 健太")) == ("佐藤",)


def test_p2a_where_counselors_sign_names_pass_and_addresses_do_not() -> None:
    signed = replace(DESK, names=False)
    assert find("担当の佐藤花子です。\nSato", signed) == ()
    assert find("鈴木さん", signed) != ()
    assert find("sato＠house．example", signed) != ()


def test_p5_what_is_named_stands_in_the_text() -> None:
    for text in ("担当の ｻﾄｳ です。", "Ｓａｔｏ", "S a t o", "髙　橋 純一です", "sato＠house．example"):
        found = find(text, DESK)
        assert found and all(one in text for one in found), (text, found)


@pytest.mark.parametrize(
    "unit",
    [
        "佐藤",
        "佐 ",
        "さ と う ",
        "s a ",
        "sato ",
        "もり\n",
        "sato@house.",
        "山田中学",
        "はなさん",
        "受付12 ",
        "担当の",
        "(at)",
        "〇九〇",
    ],
)
def test_m6_hostile_repetition_is_read(unit: str) -> None:
    text = (unit * 50_000)[:50_000]
    assert all(one in text for one in find(text, replace(DESK, counselors=AWKWARD[:4])))
