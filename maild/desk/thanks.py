"""Is a mail a mere thank-you, which asks and tells nothing (rules C3, C14). In doubt it is not."""

# ruff: noqa: E501
# Patterns and word lists are read whole, and ruff counts a kanji as two columns.
from __future__ import annotations

import re

from maild.desk.textfold import signed_off

_LIMIT = 400  # characters; a longer mail tells something
_ADVERBS = r"(?:本当に|ほんとうに|ほんとに|ほんと|誠に|まことに|心から|心より|どうも|とても|すごく|いろいろと?|色々と?|重ねて|改めて|まずは|取り急ぎ|とりあえず|今回は|この度は|このたびは|先日は|昨日は|これまで|今まで|いつも|短い間でしたが|最後まで|何度も|長い間|早速の?|さっそく(?:の)?|ご?丁寧に?な?|温かい|あたたかい|優しい|やさしい|貴重な|たくさんの?|お忙しい(?:中|ところ)|わざわざ|親身に?)"
_OBJECTS = r"(?:お?返事|ご?返信|ご?回答|お?答え|アドバイス|お?言葉|メール|ご?助言|ご?対応|ご?連絡|ご?相談(?:に(?:乗|の)って)?|お?話|ご?親切|お?時間|励まし|情報|ご?紹介|ご?案内|ご?支援|お?気遣い|教えて|聞いて|読んで|考えて|励まして|応援(?:して)?|相談に(?:乗|の)って|お世話|対応して|返信して|付き合って)"
_TAIL = r"(?:いただき|いただいて|頂き|頂いて|くださり|くださって|下さり|下さって|くれて|もらえて|を|に|も|の件|の程|のほど|まで|して|と|、)"
_THANKS = rf"(?:{_ADVERBS}|{_OBJECTS}|{_TAIL}|\s)*+(?:(?:有難う|有り難う|ありがと(?:う|ね|ー|〜|~)*+|あざす|あざっす|感謝|お礼|御礼|サンキュー|さんきゅー?|おおきに)(?:ございま(?:す|した)|ござます|いたしま(?:す|した)|致しま(?:す|した)|します|しております|でした|です|(?:を)?申し上げます|ね|ー|〜|!|っす|しています|しかありません|の気持ちでいっぱいです)*+)"
_AFTER = (
    rf"(?:{_ADVERBS})*+(?:とても|すごく|本当に|大変)?(?:助かり(?:ました|ます)|嬉し(?:かったです|いです|く(?:思い|なり)ました)|うれし(?:かったです|いです|く思いました)|参考になり(?:ました|ます)|勉強になりました|元気(?:が|を)(?:出|もらい|いただき)(?:まし)?た?|勇気(?:が|を)(?:出|もらい|いただき)まし?た|"
    r"安心(?:しました|できました)|ほっとしました|気持ちが(?:楽|軽く|らく)に?なりました|心が(?:軽く|楽に)なりました|すっきりしました|励まされました|救われました|お世話に(?:なり|成り)(?:ました|ます)|(?:これから|また)?頑張(?:ります|ってみます|れそうです)|がんばります|"
    r"やってみます|試してみます|参考に(?:します|させていただきます)|了解(?:です|しました|いたしました)|承知(?:しました|いたしました)|わかりました|分かりました|また(?:何か)?(?:の機会)?(?:に|が)?(?:あれば|ありましたら|、)?(?:の時は|ときは|際は)?(?:よろしく)?(?:お願い(?:します|いたします|致します))|"
    r"(?:今後とも|これからも|引き続き|また|どうぞ|今後も)?、?(?:どうぞ)?(?:よろしく|宜しく)お願い(?:します|いたします|致します|申し上げます)|失礼(?:します|いたします|致します|しました)|(?:[寒暑]い(?:日|季節)が続きますが、?)?(?:くれぐれも)?(?:皆様も|皆さまも|皆さんも|みなさまも|どうか|どうぞ|先生も)?お体(?:に|を)?(?:お?気をつけ|大切に|ご自愛)[^。]{0,8}|(?:[寒暑]い(?:日|季節)が続きますが、?)?(?:くれぐれも|どうぞ|どうか)?ご自愛[^。]{0,8}|お元気で|取り急ぎ(?:お礼|御礼)まで|お礼まで|また(?:何か|なにか)(?:あったら|あれば|ありましたら|の際は)?、?(?:相談|連絡|メール)させて(?:ください|下さい|いただきます)|お礼のみ(?:で失礼します|にて失礼いたします)?|返信(?:は)?(?:不要|いりません|ご無用)(?:です)?|お返事は(?:不要|いりません|結構)(?:です)?)"
)
_HELLO = r"(?:こんにちは|こんばんは|おはようございます|お世話になっ?(?:て(?:い|おり)|り)ます|[^\s。、]{0,10}(?:様|さま|さん|先生)|はい|ok|オッケー|(?:花|笑|w|泣|汗|\^_?\^|m\(_ _\)m|[☆★♪♡♥😊🙏😭✨])+)"
_ENGLISH = r"(?:hi|hello|dear [a-z ]{1,20}|ok(?:ay)?|(?:many )?thanks(?: a lot| so much| very much| again| for (?:your|the) (?:kind |quick |helpful )?(?:reply|help|advice|answer|support|words|mail|email|time|response|message))*|thank you(?: all)?(?: so much| very much| a lot| again| indeed)*(?: for (?:your|the|all your) (?:kind |quick |helpful |warm )?(?:reply|help|advice|answer|support|words|mail|email|time|response|message|kindness))?(?: and (?:help|advice|support))?|(?:it|that|this|your \w+) (?:really |was |is )*(?:helped|helpful|very helpful|a great help|helps)(?: a lot| me)*|i (?:really )?appreciate (?:it|this|that|your \w+)|best regards|regards|best|take care|i feel (?:so |much |a lot |a bit |a little )?(?:better|relieved|lighter)(?: now)?|have a (?:nice|good) (?:day|weekend))"
_PART = re.compile(rf"[\s、,]*(?:{_THANKS}|{_AFTER}|{_HELLO}|{_ENGLISH})[\s、,。.!♪☆★^_()笑wm〜ー…]*", re.I)
_CORE = re.compile(
    r"ありがと|有難|有り難|感謝|お礼|御礼|助かりました|サンキュー|さんきゅ|あざ(?:す|っす)|おおきに|お世話に(?:なり|成り)ました|thank|appreciate",
    re.I,
)
# A short sentence is courtesy where it shows a reaction and tells nothing.
_REACTION = re.compile(
    r"ありがと|ぁりがと|有難|から失礼し|有り難|感謝|お礼|御礼|助か|たすか|うれし|嬉し|参考|役に立|役立|涙|元気|勇気|安心|ほっと|楽に|軽く|落ち着|読み返|印刷|考えて(?:み|い)|考えます|やってみ|試して|頑張|がんば|わかりました|分かりました|了解|承知|"
    r"届きました|受け取り|拝読|拝見|読みました|恐れ入り|恐縮|お世話|(?:て)?(?:よ|良)かったです|心強|救われ|そうさせて|かしこまりました|i will try|させていただきます|(?:よい|良い)(?:一日|週末|お年)|お過ごし|どうも|おおきに|だんだん(?=[。.!、 ]|$)|にふぇー?で|すみません|すいません|失礼(?:し|いた)|"
    r"(?:返事|返信)は?(?:結構|不要|いりません)|ほなまた|またね|^敬具$|^拝復$|お心遣い|やさし|優し|温か|あたたか|沁み|染み|励み|大切に|痛み入|整理が(?:つ|でき)|応援して|ホッと|言葉も(?:あり|ござい)ません|早く.{0,6}返事|thx|thank|thanks|🙏"
)
_TELLS = re.compile(
    r"でも|けど|けれど|(?<!い)ただ(?![いきけ])|(?<!戴)[がし]、|が。|しかし|(?:^|[。\n])なお|なお、|ちなみに|あと、|ところ(?:で|、)|さて|実は|せやけど|てか|だけど|なので|ですので|ます(?:の|ん)で|(?<!これ)から(?!失礼)|のに|ました?が|(?<!すみ)(?<!すい)(?<!言葉もあり)(?<!言葉もござい)(?<!とは思い)ません|ない|なかった|だめ|ダメ|お元気|止ま|りたい|[かね]な?[?？]|ますか|でしょうか|ですか|やろか|かいね|すか[?？。]|"
    r"内定|面接|合格|採用|退職|無職|予約|変更|会社|上司|職場|学校|仕事|母|父|妹|姉|兄|弟|夫|妻|彼|友|薬|病|死|消え|いなく|夜|ねむ|眠く|ごめん|入院|手術|引っ越|結婚|離婚|妊娠|赤ちゃん|警察|裁判|別れ|お金|殴|怒|墓|生きて|生まれ変|救急|事故|大好き|だったよ|全部終|終わらせ|になると|また涙|つら|辛|無理|こわ|怖|眠れ|泣き止|疲|苦し|不安|最後|最期|さよ|もう会|もう送|できな|ませんが|んです|のです(?!ね)|"
    r"たいです|来週|明日|今日(?!は)|昨日|昨夜|今夜|来月|先月|添付|メールアドレス|電話|住所|年齢|名前|もう一度送|送って|教えてくだ|教えて下|お願いがあ|停止|断|but|however|still|bad|\bi (?!will try|(?:really |do )?appreciate|am (?:so |very )?grateful|feel)|\bhe |\bshe |\bthey |\d"
)
_MORE_CORE = re.compile(
    r"うれし|嬉し|助か|たすか|てよかったです|て良かったです|どうも|ぁりがと|恐れ入り|恐縮|役に立|参考になりま|痛み入|だんだん(?=[。.!、 ]|$)|にふぇー?で|御座居|thx|🙏"
)
_SOFT_MAX = 45
_NAME_LINE = re.compile(r"\s*[-—〜]?\s*[^\s。、!?でがはをしたいのにもな]{1,8}(?:より)?\s*")


def is_thanks(text: str) -> bool:
    """Whether every sentence is thanks or courtesy. A question, a but, or anything that is told makes it False."""
    body = signed_off(text).strip()
    if ">" in body:
        body = "\n".join(line for line in body.split("\n") if not line.startswith(">")).strip()
    if (
        not body
        or len(body) > _LIMIT
        or not (_CORE.search(body) or _MORE_CORE.search(body))
        or re.search(r"[?？]", body)
    ):
        return False
    if re.search(
        r"でも|けど|ですが|しかし|だけど|ただ[、し]|のですが|今まで(?:本当に)?ありがと|さよなら|さようなら|お元気で(?!す)|最後|最期|but |however|goodbye|farewell",
        body,
    ):
        return False
    lines = [line for line in body.split("\n") if line.strip()]
    if len(lines) > 1 and _NAME_LINE.fullmatch(lines[-1]):
        lines.pop()
    parts = [part for line in lines for part in re.split(r"(?<=[。.!])", line) if part.strip(" 。.!^_()笑wm♪☆★〜ー…")]
    return all(_PART.fullmatch(part) or _soft(part) for part in parts)


def _soft(part: str) -> bool:
    return len(part) <= _SOFT_MAX and bool(_REACTION.search(part.strip(" 。.!、"))) and not _TELLS.search(part)
