"""How a mail sounds as a whole (rules K1): the table, long mails, doubtful phrases, what is learnt."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.desk.crisis import Phrases, builtin, heard, hits
from maild.desk.crisis_tone import ALONE, LABEL, STRETCHES, Table, shipped, tone, weighed
from maild.desk.textfold import folded
from tests.corpus.tone import TABLE, Grammar, Sample, grams, learn, table

CALM = "面接の日程について教えてください。履歴書は来週お送りします。資格の勉強も続けています。"
QUIET = "九階です。窓は全開にしてあります。靴はそろえました。"  # no phrase of the lists stands in it


def entry(phrase: str, more: str = "") -> str:
    return f'[[phrase]]\nphrase = "{phrase}"\ncategory = "x"\nwhy = "x"\nmatch = ["{phrase}"]\n{more}'


def test_the_weights_of_a_text_are_added_up() -> None:
    small = Table.parse("\t-20\n夜です\t30\n。夜で\t7\nです。\t100\n。朝で\t-50\n")
    # 。夜です。: three characters at a time, over the root of twenty, for it is shorter
    assert tone("夜です", small) == pytest.approx(-1 + (30 + 7 + 100) / 20 / 20**0.5)
    assert tone("朝です", small) == pytest.approx(-1 + (100 - 50) / 20 / 20**0.5)
    assert tone("", small) == pytest.approx(-1)


def test_a_long_mail_counts_by_its_most_alarming_stretch() -> None:
    small = Table.parse("\t0\n夜です\t80\n朝朝朝\t-10\n")
    alone = "。".join(["夜です"] * 20)
    buried = "朝" * 500 + alone + "朝" * 500
    assert tone(alone, small) == pytest.approx(tone(buried, small), rel=0.1)
    assert len(alone) > STRETCHES[0][0]


def test_a_quiet_mail_is_heard_without_a_phrase() -> None:
    assert not heard(folded(QUIET), builtin())
    assert hits(QUIET, builtin()) == (LABEL,)
    assert hits(f"{CALM * 6}\n\n{QUIET}\n\n{CALM * 6}", builtin()) == (LABEL,)
    assert hits(CALM * 12, builtin()) == ()


PLAIN = """
死にたいです。 消えてしまいたいです。 自殺を考えています。 死のうと思っています。 生きる意味がわかりません。
リストカットがやめられません。 手首を切ってしまいました。 薬をたくさん飲んでしまいました。 ODしました。
飛び降りようと思いました。 首を吊ろうとしました。 遺書を書きました。 夫に殴られています。 彼に殺されそうです。
母を殺したいです。 息子を殺して私も死にます。 子どもを叩いてしまいます。 父に体を触られます。 練炭を買いました。
今から飛び込みます。 この世から消えてしまいたい。 楽に死ねる方法を教えてください。 生まれてこなければよかった。
タヒにたい。 死に た い。 ４にたい。 氏にたい。 希死念慮があります。 自傷をくり返しています。 虐待されています。
家で暴力を受けています。 包丁で脅されました。 一家心中を考えます。 あの人を刺してやりたい。 死んだほうがましです。
誰か助けて。殺される。 明日、自殺します。 自殺願望があります。 一緒に死んでくれる人を探しています。
""".replace("死に た い。", "死に_た_い。").split()


@pytest.mark.parametrize("text", [one.replace("_", " ") for one in PLAIN])
def test_plain_words_among_calm_lines_are_never_silenced(text: str) -> None:
    """A doubtful phrase is doubted for the sentence that holds it, not for the calm rest of the mail."""
    calm = f"名前：花子\n性別：女性\n年齢：24歳\n地域：県内\n相談内容：転職のことです。\n{CALM}"
    bare = text.rstrip("。")  # on a phone a line is a sentence, and its 。 is not written
    for mail in (
        text, f"{text}\n{CALM * 3}", f"{calm}\n{text}\n{CALM}", f"{CALM * 3}\n{text}",
        f"返信ありがとうございました。もう一つ聞いてもいいですか\n{bare}\nよろしくお願いします",
        f"面接の日程のことですが、\n{bare}", f"きのう見たドラマの話\n{text}", f"相談の窓口があると知り\n{bare}",
    ):  # fmt: skip
        assert hits(mail, builtin()), mail
    for subject in ("面接の日程のことですが", "はじめまして", "仕事が忙しくて", "ご相談", ""):
        assert hits(bare, builtin(), subject=subject), subject


@pytest.mark.parametrize(
    "text",
    [
        "自殺する",
        "自殺します",
        "自殺",
        "死ぬ",
        "死にます",
        "殺す",
        "首を吊る",
        "飛び降りる",
        "今日死ぬ",
        "刺してやる",
        "自殺する。",
        "手首切った",
    ],
)
def test_the_barest_sentence_is_heard(text: str) -> None:
    for subject in (None, "ご相談", ""):
        assert hits(text, builtin(), subject=subject), subject


@given(
    st.sampled_from(PLAIN), st.sampled_from(["はじめまして", "友達のこと", "バイト先の店長のこと", "Re: ご相談", ""])
)
def test_triage_never_knows_less_than_with_the_subject_as_a_first_line(text: str, subject: str) -> None:
    """What is asked first decides whether anything else is asked (pipeline/clients.py)."""
    for mail in (text.rstrip("。"), f"{text.rstrip('。')}\nよろしくお願いします", f"転職のことです\n{text}"):
        assert set(hits(f"{subject}\n{mail}", builtin())) <= {*hits(mail, builtin(), subject=subject), LABEL}


def test_a_doubtful_phrase_counts_where_its_sentence_does_not_sound_calm(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(entry("履歴書", "doubt = true\n") + entry("全開", "doubt = true\n"), "utf-8")
    phrases = Phrases.load([own])
    assert hits(CALM, phrases) == ()
    assert hits(QUIET, phrases) == ("全開",)


def test_an_operators_phrase_wins_over_the_calmest_mail(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(entry("履歴書"), "utf-8")
    assert hits(CALM, Phrases.load([own])) == ("履歴書",)


def test_without_the_shipped_lists_nothing_but_the_own_one_is_heard(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(entry("履歴書", "doubt = true\n"), "utf-8")
    phrases = Phrases.load([own], language=None)
    assert hits(QUIET, phrases) == ()
    assert hits(CALM, phrases) == ("履歴書",)  # and no tone to doubt it


@pytest.mark.parametrize(
    "text",
    ["死にたい。", "自殺を考えています。", "生きていたくないです。", "もう終わりにしたいです。"],
)
def test_the_plainest_words_are_heard_in_the_calmest_mail(text: str) -> None:
    assert hits(f"{CALM * 4}\n\n{text}\n\n{CALM * 4}", builtin())


@pytest.mark.parametrize("text", ["", "Could we meet on Friday?", "可以用中文咨询吗?", "\U0002000b\ud800", "😀" * 300])
def test_what_the_table_does_not_know_is_no_crisis(text: str) -> None:
    assert tone(folded(text).kana) < ALONE


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=300))
def test_what_weighed_stands_in_the_text(text: str) -> None:
    kana = folded(QUIET + text).kana
    pieces = weighed(kana)
    assert pieces and all(piece.strip("。") in kana for piece in pieces)


def test_hostile_length_ends() -> None:
    assert isinstance(tone("死" * 300_000), float)


def test_a_table_is_learnt_from_texts_and_the_same_every_time() -> None:
    crisis = [Sample("a", f"{word}橋の上にいます", True) for word in ("夜に", "朝に", "今", "一人で")]
    calm = [Sample("a", f"{word}机の上にいます", False) for word in ("夜に", "朝に", "今", "一人で")]
    found = learn([*crisis, *calm])
    assert found["橋の上"] > 0 > found["机の上"]
    assert abs(found["上にい"]) < found["橋の上"] / 10
    assert table([*crisis, *calm]) == table([*crisis, *calm])
    assert table([*crisis, *calm]).startswith("\t")  # the base


def test_a_line_of_the_grammar_makes_texts() -> None:
    grammar = Grammar("@WHO 母|父\n[context]\nはい。\n[crisis]\n{WHO}が(い|う(え|お))?。\n[calm]\n何もない。\n")
    made = [*grammar.texts(40)]
    said = {sample.text.replace("はい。", "") for sample in made if sample.crisis}
    assert said == {f"{who}が{what}。" for who in "母父" for what in ("", "い", "うえ", "うお")}
    assert {sample.text.replace("はい。", "") for sample in made if not sample.crisis} == {"何もない。"}


def test_only_japanese_is_learnt() -> None:
    assert {"あいう", "。あい"} <= set(grams("あいうu"))
    assert not any("u" in gram for gram in grams("あいうu"))


def test_the_shipped_table_is_whole() -> None:
    rows = [line.split("\t") for line in TABLE.read_text("utf-8").splitlines()]
    assert rows[0][0] == "" and len(rows) > 10_000
    wrong = [piece for piece, weight in rows[1:] if shipped().of(piece)[0] - 128 != int(weight)]
    assert len(wrong) < len(rows) / 100  # they share a slot with a heavier one


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from("死ぬ夜。あ橋\ud800😀"), min_size=3, max_size=200))
def test_what_is_found_at_once_is_what_is_found_one_by_one(text: str) -> None:
    units = text.encode("utf-16-le", "surrogatepass")
    pieces = [units[at : at + 6].decode("utf-16-le", "surrogatepass") for at in range(0, len(units) - 4, 2)]
    assert list(shipped().of(text)) == [shipped().of(piece)[0] for piece in pieces]


def test_of_two_in_one_slot_the_heavier_counts() -> None:
    pieces = [
        f"{one}{two}{three}" for one in "あいうえお" for two in map(chr, range(0x4E00, 0x4F00)) for three in "かき"
    ]
    light = "\t0\n" + "".join(f"{piece}\t{3}\n" for piece in pieces)
    heavy = Table.parse(f"{light}死にた\t100\n")
    assert heavy.of("死にた") == [228]
    assert min(heavy.of(piece)[0] for piece in pieces) == 131
