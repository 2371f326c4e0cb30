"""Where a word of a reply stands for a person (rule P5): signatures, introductions, forms of address.

What the text around a word says about it; which words to look at is `name_traces`' and `chosen_names`' matter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from maild.desk.folded import LATIN, Folded, Joined, line_breaks, line_of, spaced_out
from maild.desk.readings import to_hiragana

# Who only a person can be; and what may be a person, a house or the writer.
_COLLEAGUE = (
    r"(?:御?担当(?:者|相談員|職員|カウンセラー)?|相談員|相談担当|カウンセラー|臨床心理士|公認心理師|心理士|心理師|精神保健福祉士|社会福祉士|保健師"
    r"|室長|所長|主任|課長|係長|文責|記入者|返信者|回答者|差出人|署名|わたくし)"
)
_ANYBODY = (
    r"(?:看護師|医師|職員|スタッフ|窓口|係|センター|名前|氏名|わたし|私|当方|こちらは"
    r"|counsell?or|from|by|name|regards|sincerely|yours|thanks|i am|i'm|this is|my name is|signed)"
)
_ROLE = to_hiragana(f"(?:{_COLLEAGUE}|{_ANYBODY})")
_MARKS = r"[\s\u3000\-–—―ー~〜=*・･、。,.:;/|()\[\]{}<>「」『』【】〔〕♪☆★…!?]{0,20}"
_LEAD = re.compile(rf"{_MARKS}(?:[^\n。、]{{0,20}}?{_ROLE}(?:の|は|:|より)?{_MARKS}){{0,2}}\Z")
_TAIL = re.compile(
    rf"{_MARKS}(?:拝|記|より|です|と申します|ともうします|先生|{_ROLE})?{_MARKS}(?:[({{\[][^\n]{{0,20}})?\Z"
)
_ROLE_BEFORE = re.compile(rf"{_ROLE}(?:の|は|を務める|をしている|をしております)?[\s\u3000:、,・（(「]{{0,2}}\Z")
_COLLEAGUE_BEFORE = re.compile(
    rf"{to_hiragana(_COLLEAGUE)}(?:の|は|を務める|をしている|をしております)?[\s\u3000:、,・（(「]{{0,2}}\Z"
)
_SENTENCE_BEFORE = re.compile(r"(?:\A|[\n。、!?:()「」『』・,.♪…])[\s\u3000]{0,4}\Z")
_INTRODUCED = re.compile(
    r"(?:です(?!が|け|か|ね)|でございます|でした|と申|ともうし|といい(?:ます|まして)|と言い(?:ます|まして)"
    r"|が、?(?:今回|引き続き|今後|次回)|と(?:お?呼び?|よ)(?:んで|び)|という者|という名(?!前の(?!者))|という相談員)"
)
# What the one who answers does, politely; nothing else in a reply does.
_WORK = (
    r"(?:担当|たんとう|承り|承っ|うけたまわ|お受け|対応(?:いた|致|し)|お?返事(?:いた|致|し|を|さ|申|差)|お?返信|お答え|おこたえ|回答|拝見|拝読"
    r"|読(?:みま|ませ|んで[おい])|お読み|書(?:きま|かせ|いて[おい])|お書き|お?手紙を|引き継|引継|ひきつ|お待ち|お聞き|お話[しをい]|お?電話[しをい]|ご?連絡(?:いた|致|し|を)"
    r"|伺[いっ]|うかが[いっ]|代わって|かわって|代わり(?:に|まし)|お相手)"
)
_AT_WORK = re.compile(
    rf"(?:が、?(?:引き続き|ひきつづき|今回も?|次回も?|改めて|また)?、?{_WORK}"
    r"|から(?:も|の)?、?(?:改めて|また|一度)?、?(?:お?返事|お?返信|ご連絡|お電話|ご案内|お答え|お伝え|お話|折り返)"
    r"|に(?:お電話|ご連絡|お尋ね|お任せ|代わりま|代わって|かわって|引き継|お申し付け)"
    r"|に、?(?:確認(?:いた|し)|申し伝え|聞いて(?:みま|おきま))|と、?(?:話し合い(?:まし|、)|相談し(?:まし|て、))"
    r"|の(?:意見|考え|判断|お?返事|返信)(?:では|です|と)|も、?(?:同じ(?:意見|考え)|同意見|拝見|読みまし)"
    r"|は、?(?:ただいま|本日)?(?:席を外|お休みを(?:いた|頂)|お休みです|休暇|不在|外出して|退職|異動|転勤|出張|担当を|担当から))"
)
_STRONG = re.compile(
    r"(?:です|でございます|でした|と申|ともうし|と(?:いい|言い)(?:ます|まして)|より(?![もか])|が(?:担当|承|お|対応|回答|拝見|返)|がたんとう|さん(?![ざじずぜぞ])|先生"
    r"|せんせい|拝|はい$|に(?:お電話|ご連絡|お伝え|代わ|かわ|お尋ね|聞))"
)
_ADDRESSED = re.compile(
    r"[」』\"”]?[\s\u3000]{0,1}(?:さん(?![かご]い|ざ|ぽ)|先生|せんせい|氏(?![名])|様(?![子々式])|さま(?!ざま|よ)|ちゃん(?!と)|くん|君(?!臨))"
)
# People of the client's own life: 上司の佐藤さん, 一郎君という弟さん.
_RELATION = to_hiragana(
    r"(?:お?(?:母|父|兄|姉|じい|ばあ|祖父|祖母)(?:さま|さん|様|上)?|ご?(?:夫|妻|主人|両親|家族|親戚|親類|近所|友人|学友)|弟|妹|息子|娘|孫|甥|姪|いとこ|従兄弟|従姉妹|叔父|叔母|伯父|伯母"
    r"|お?隣|大家|友だち|友達|ともだち|親友|ママ友|幼なじみ|幼馴染み?|同級生|クラスメイト|クラスメート|同僚|上司|部下|先輩|後輩|店長|社長|部長|恋人|彼氏?|彼女|元(?:夫|妻|彼)|担任|顧問|校長"
    r"|教頭|監督|コーチ|主治医|かかりつけ|担当医|ケースワーカー|ケアマネ|民生委員|弁護士|大家)"
)
_RELATED_BEFORE = re.compile(rf"{_RELATION}(?:さん|様|さま|の方)?(?:の|で(?:ある)?|、)\Z")
_RELATED_BEHIND = re.compile(
    rf"\A[」』]?[\s\u3000]?(?:さん|先生|氏|様|さま|ちゃん|くん|君)?と(?:いう|いった|おっしゃる)(?:お?名前の)?{_RELATION}"
)
_EVERYBODY = frozenset({"みな", "たく", "おく", "まご", "奥", "孫", "娘", "皆"})  # みなさん, たくさん, 奥さん
_MAJESTIES = re.compile(r"(?:王|神|仏|上|星|姫|殿|お?客|かみ|おう|ほとけ|ひめ)(?:様|さま)")  # words, no names
_GIVEN_OUT = re.compile(
    r"[」』】)\]\"”]{0,1}[\s\u3000]{0,1}(?:の(?:ケース|けーす|件(?![名数])|メール(?!アド)|めーる(?!あど))"
    r"|から(?:の|も|は)?、?(?:先日|前に|以前|最近)?(?:も|、)?(?:同じ|似た|同様の)?(?:ような)?(?:ご?相談|お?便り|おたより|お?手紙|めーる)"
    r"|と(?:いう|いった|名乗る|おっしゃる)(?:お?名前の|はんどるねーむの|ぺんねーむの)?(?:方|かた|人|相談者|女性|男性|利用者)"
    r"|という(?:お?名前|はんどるねーむ|ぺんねーむ)で(?:ご?相談|お?便り|お?手紙|送|書|い?らし))"
)
_ASKED = re.compile(r"[\s\u3000]{0,1}のご?相談")
_FROM = re.compile(
    r"より(?:[\s\u3000。、]{0,3}(?:\n|\Z)|[\s\u3000、]{0,2}(?:愛|心|感謝|敬意|真心|まごころ|お?祈り|お見舞い)[をよの]"
    r"|、[^\n。]{0,14}(?:さん|様|さま)へ)"
)
_PARTICLES = frozenset("はがのもをにとへや")
_BEFORE_A_SIGNATURE = frozenset(" \t\n\u3000・:/|-―ー~〜*(（「【[。!?♪☆★…") | {""}
_UNCOUNTED = re.compile(r"さん|様|さま|先生")


@dataclass(frozen=True, slots=True)
class Trace:
    """Where in the folded text something stands; ``signed`` where it stands for the writer of the reply."""

    start: int
    end: int
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A folded text with what looking around in it needs."""

    folded: Folded
    breaks: list[int] = field(repr=False)
    last: int  # where what is written ends
    spelled: list[Joined] = field(repr=False)  # what was spaced out

    @classmethod
    def of(cls, folded: Folded) -> Page:
        return cls(folded, line_breaks(folded), len(folded.text.rstrip()), spaced_out(folded))

    def kind(self, place: int) -> str:
        return self.folded.kinds[place] if 0 <= place < len(self.folded.kinds) else ""

    def before(self, place: int, size: int = 40) -> str:
        return self.folded.text[max(0, place - size) : place]

    def after(self, place: int, size: int = 40) -> str:
        return self.folded.text[place : place + size]

    def spoken_after(self, place: int) -> str:
        """What follows, a space between (``Sato です``, ``佐藤 と申します``) left out."""
        after = self.after(place)
        return after[1:] if after[:1] in " \u3000" else after

    def own_line(self, start: int, end: int) -> bool:
        """Whether a line holds nothing else but roles and ornaments."""
        begin, stop = line_of(self.folded, self.breaks, start)
        if stop - begin > 120 or end > stop:
            return False
        text = self.folded.text
        return bool(_LEAD.match(text[begin:start]) and _TAIL.match(text[end:stop]))

    def at_end(self, start: int, end: int) -> bool:
        """Whether the text ends with it, apart from what comes before on the line."""
        rest = self.folded.text[end : self.last]
        if len(rest) > 6 or rest.strip("。.)）」』】]♪☆★*-~〜拝"):
            return False
        return self.before(start, 1) in _BEFORE_A_SIGNATURE or bool(_ROLE_BEFORE.search(self.before(start)))

    def signed(self, start: int, end: int) -> bool:
        """Whether it stands for the writer: a signature, an introduction."""
        if self.own_line(start, end):
            _, stop = line_of(self.folded, self.breaks, start)
            if self.folded.text[:start].strip() or not self.folded.text[stop:].strip():
                return True
        return self.at_end(start, end) or self.introduced(start, end)

    def introduced(self, start: int, end: int) -> bool:
        before, after = self.before(start), self.spoken_after(end)
        if _AT_WORK.match(after):
            return True
        if _ROLE_BEFORE.search(before) and not _UNCOUNTED.match(after):
            if _COLLEAGUE_BEFORE.search(before):
                return not _hiragana_runs_on(after)
            return not re.match(r"[ぁ-ゖー]", after) or bool(_INTRODUCED.match(after) or re.match(r"より|まで", after))
        if not _SENTENCE_BEFORE.search(before):
            return False
        return bool(_INTRODUCED.match(after) or _FROM.match(after))

    def addressed(self, start: int, end: int, *, given_out: bool = False, asked: bool = False) -> bool:
        """Whether it stands as a name: さん behind it and no word before it; ``given_out``: or told of."""
        text = self.folded.text
        if start and text[start - 1] not in _PARTICLES and self.kind(start - 1) == self.kind(start) != LATIN:
            return False
        if text[start:end] in _EVERYBODY or _MAJESTIES.match(text, start, end + 2):
            return False
        after = self.after(end)
        if self.related(start, end):
            return False
        return bool(
            _ADDRESSED.match(after)
            or (given_out and _GIVEN_OUT.match(after))
            or (given_out and asked and _ASKED.match(after))
        )

    def related(self, start: int, end: int) -> bool:
        """Whether it is somebody of the client's own life: 上司の佐藤さん, 一郎君という弟さん."""
        after = self.after(end)
        if _RELATED_BEHIND.match(after):
            return True
        return bool(_ADDRESSED.match(after) and _RELATED_BEFORE.search(self.before(start, 16)))

    def strong(self, end: int) -> bool:
        """Whether what follows follows a name alone."""
        return bool(_STRONG.match(self.spoken_after(end)))


def _hiragana_runs_on(after: str) -> bool:
    return bool(re.match(r"[ぁ-ゖー]", after)) and not re.match(
        r"(?:です|でし|でござ|と|が|は|より|に|の|も|まで|へ|か)", after
    )
