"""Japanese place names that people give as where they live, compact: prefectures, larger cities, ways to say near."""

from __future__ import annotations

_SHORT = (
    "北海道 青森 岩手 宮城 秋田 山形 福島 茨城 栃木 群馬 埼玉 千葉 東京 神奈川 新潟 富山 石川 福井 山梨 長野 岐阜 静岡 愛知 三重 "
    "滋賀 京都 大阪 兵庫 奈良 和歌山 鳥取 島根 岡山 広島 山口 徳島 香川 愛媛 高知 福岡 佐賀 長崎 熊本 大分 宮崎 鹿児島 沖縄"
).split()
_CITIES = (
    "札幌 函館 旭川 釧路 盛岡 仙台 福島 郡山 水戸 つくば 宇都宮 前橋 高崎 さいたま 大宮 川越 所沢 川口 船橋 柏 松戸 八王子 町田 "
    "立川 横浜 川崎 相模原 横須賀 藤沢 長岡 金沢 甲府 松本 大垣 浜松 沼津 名古屋 豊橋 岡崎 豊田 一宮 春日井 津 四日市 鈴鹿 松阪 桑名 "
    "伊勢 伊賀 名張 亀山 鳥羽 志摩 尾鷲 熊野 いなべ 多気 明和 大津 草津 堺 東大阪 枚方 豊中 吹田 高槻 神戸 姫路 西宮 尼崎 明石 米子 "
    "松江 倉敷 福山 下関 高松 松山 北九州 久留米 佐世保 那覇 渋谷 新宿 池袋 梅田 難波"
).split()
_AREAS = "首都圏 関東 関西 東北 北陸 東海 近畿 中国地方 四国 九州 都内 府内 道内 海外 国外 田舎 北勢 中勢 南勢 東紀州 離島".split()
_KANA = (
    "ほっかいどう とうきょう おおさか きょうと なごや よこはま あいち みえ ぎふ しずおか なら ひょうご こうべ ふくおか おきなわ "
    "ちば さいたま かながわ ひろしま せんだい すずか よっかいち まつさか いせ くわな なばり アイチ ミエ ｱｲﾁ ﾐｴ トウキョウ オオサカ"
).split()
_LATIN = (
    "hokkaido tokyo osaka kyoto nagoya yokohama aichi mie gifu shizuoka nara hyogo kobe fukuoka okinawa chiba saitama "
    "kanagawa hiroshima sendai sapporo tsu suzuka yokkaichi matsusaka ise kuwana nabari iga kameyama hamamatsu shiga"
).split()

PREFECTURES: tuple[str, ...] = tuple(_SHORT)
#: longest first, so that an alternation takes 東大阪 before 大阪
JAPANESE: tuple[str, ...] = tuple(
    sorted({*_SHORT, *(c for c in _CITIES if len(c) > 1), *_AREAS, *_KANA}, key=len, reverse=True)
)
LATIN: tuple[str, ...] = tuple(sorted(_LATIN, key=len, reverse=True))
