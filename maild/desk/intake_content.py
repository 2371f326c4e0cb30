"""Is there something to answer in a first mail, beyond greetings and particulars (rules I1: content)."""

# ruff: noqa: E501
# Patterns and word lists are read whole, and ruff counts a kanji as two columns.
from __future__ import annotations

import re
from collections.abc import Sequence

from maild.desk.intake_labels import WIDTH, Labelled
from maild.desk.textfold import without_signature

_SENTENCE = re.compile(r"[^。!?！？\n]+[。!?！？]*")
_POLITE = re.compile(
    r"(?:はじめまして|初めまして|こんに?ちは?|こんにちわ|こんばん[はわ]|おはようございます|お世話(?:に|様)[^。\n]{0,14}|突然(?:の(?:メール|ご連絡))?[^。\n]{0,14}(?:失礼|すみません|申し訳)[^。\n]{0,10}|失礼(?:いた)?し(?:ます|ました)|"
    r"初めて(?:メール|連絡|相談)(?:を)?(?:し|いたし|させて)[^。\n]{0,8}|(?:どうか|何卒|なにとぞ|どうぞ)?(?:よろしく|宜しく)[^。\n]{0,12}|お願い(?:いた)?しま(?:す|した)|(?:ご|御)?(?:相談|質問)(?:です|があります|がございます|があって[^。\n]{0,10}|したいです|させてください|"
    r"があります|お願い[^。\n]{0,8}|させていただきます|したいことがあります|をお願い[^。\n]{0,8}|に乗って[^。\n]{0,8})?|以下の(?:通り|とおり)です|下記の(?:通り|とおり)です|ご担当者様?|担当者様|相談員様|様|拝啓|敬具|前略|草々|かしこ|時下[^。\n]{0,40}|"
    r"書き忘れ(?:まし|てい)[^。\n]{0,8}|抜けて(?:い)?まし?た[^。\n]{0,4}|(?:すみません|すいません|ごめんなさい|申し訳(?:ありません|ございません))|(?:ご)?返信(?:が遅く|遅れ)[^。\n]{0,14}|ありがとうございます|ご?記入(?:し|いたし)ます|"
    r"(?:相談)?内容は(?:下|以下|次)に書きます|アドバイス(?:を)?(?:お願い|ください)[^。\n]{0,8}|教えて(?:下さい|ください)|(?:私の?)?(?:iphone|ipad|android|スマートフォン|携帯電話?)から送信|sent from my \w+|"
    r"(?:hi|hello|dear [^\n]{0,20}|good (?:morning|evening|afternoon)|best regards|regards|sincerely|thank you(?: very much)?|thanks)|相談したいの?ですが、?よろしいでしょうか|(?:内容は)?(?:まだ)?(?:うまく)?(?<![にとも])言えません|何を書けばいいのか(?:分|わ)かりません|[(（]?本文なし[)）]?|後(?:で|ほど)(?:書|送)[^。\n]{0,6}|いろいろ|特に(?:あり|ござい)ません|特になし|テスト(?:送信|メール)?です|(?:これ、?)?(?:メールは?)?届(?:いて|き)(?:い)?ま(?:す|した)か[?？]?|(?:re|fw|fwd)[:： ]*[^\n]{0,30}|無題|件名なし|no subject)"
    r"[、。,.!！ \n]*",
    re.I,
)
_FORM = re.compile(
    r"^\s*(?:フォームから(?:の)?(?:送信|お問い合わせ)[^\n]{0,20}|新しい回答があり[^\n]{0,8}|google ?フォーム|このメールは[^\n]*(?:送信|フォーム)[^\n]*|https?://\S+|[\w.+-]+@[\w.-]+|[-=_*━─―~〜+\s]{3,}|[(（]?ふりがな[^\n]*)\s*$",
    re.I,
)
_FILLER = re.compile(
    r"私|わたくし|わたし|僕|ぼく|俺|オレ|自分|は|です|でございます|ございます|の|に|で|が|と|も|を|住(?:む|んで(?:い)?(?:ます|る|おり)|んどる)|在住|といい(?:ます)?|と申(?:し)?(?:ます)?|って|いいます|申します|者|現在|いま|今|県|市|独身|既婚|会社員|歳|才|代|"
    r"一人暮らし|名前|年齢|性別|地域|住所|いたします|おります|ます|だけ|とだけ|とか|なりました|なります|なる|年生|大学|[、。,.!！・/／()（）「」 \s]"
)


_TOPIC = re.compile(
    r"(?:^|(?<=[\s、,・/|]))(?:就活|就職|復職|転職|退職|休職|離職|失業|介護|借金|残業|いじめ|パワハラ|セクハラ|人間関係|不登校|面接|履歴書|内定|鬱|うつ病?|育児|進路|進学|学費|起業|独立|給料|上司|職場|引きこもり|ひきこもり|ニート|離婚|病気|障害)(?:のこと|の相談|について|の件|の悩み)?(?=[\s、,。]|$)",
    re.M,
)


def content_of(
    text: str, wide: str, entries: Sequence[Labelled], told: Sequence[tuple[int, int]], subject: str
) -> str | None:
    """The client's text without labels, particulars and courtesies, as written; None where nothing real is left."""
    covered = bytearray(len(text))
    for entry in entries:
        end = entry.value_start if entry.items == ("content",) else entry.value_end
        covered[entry.start : end] = b"\1" * (end - entry.start)
    for start, end in told:
        if end <= len(covered):
            covered[start:end] = b"\1" * (end - start)
    signed = len(without_signature(text))
    covered[signed:] = b"\1" * (len(text) - signed)
    sentences = list(_SENTENCE.finditer(wide))

    def weight(sentence: re.Match[str]) -> int:
        """A sentence is what is left of it: particulars and courtesies taken out."""
        if _FORM.match(sentence[0]):
            return 0
        left = "".join(c for at, c in enumerate(sentence[0], sentence.start()) if at < len(covered) and not covered[at])
        left = _FILLER.sub("", _POLITE.sub("", left)) if len(left) < 400 else left
        return len(re.sub(r"[\W\d_]", "", left))

    begin = next(((at, size) for at, one in enumerate(sentences) if (size := weight(one)) >= 3), None)
    if begin is not None:
        number, total = begin
        end = next((at for at in range(len(sentences) - 1, number, -1) if weight(sentences[at]) >= 3), number)
        if total >= 4 or end > number:
            first, last = sentences[number].start(), sentences[end].end()
            while first < last and covered[first]:
                first += 1
            return text[first:last].strip()
    if topic := _TOPIC.search("".join(c for at, c in enumerate(wide[: len(covered)]) if not covered[at])):
        return topic[0].strip()
    rest = _FILLER.sub("", _POLITE.sub("", WIDTH(subject)))
    if len(re.sub(r"[\W\d_]", "", rest)) >= 6:
        return subject.strip()
    return None
