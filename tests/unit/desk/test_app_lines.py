"""What apps put under a reply is known by its parts, and what people write is not taken for it (rules P2)."""

from __future__ import annotations

import pytest

from maild.desk.app_lines import cut, is_app_line

APPS = """\
Proton Mail で送信
Proton Mailセキュアメールで送信。
Sent with Proton Mail secure email.
Sent with [Proton Mail](https://proton.me/mail/home) secure email.
Sent from Proton Mail for iOS
Sent from my iPhone
iPhoneから送信
私のiPhoneから送信
iPhone 15 Pro Maxから送信
iPadより送信
Yahoo!メールアプリから送信
Yahoo!メール for iPhoneから送信
Android 用 Yahoo! メールから送信
Yahoo Mail: Search, Organize, Conquer
Outlook for Android を入手
Outlook for iOS を入手
Get Outlook for iOS
Get Outlook for Android<https://aka.ms/AAb9ysg>
[Get Outlook for iOS](https://aka.ms/o0ukef)
iOS 版 Outlook を入手<https://aka.ms/o0ukef>
Outlook for iOS<https://aka.ms/o0ukef> を入手
Android 版 Outlook を入手する
Mac 版 Outlook を入手
Outlook の入手 (Android 版)
Sent from Outlook for iOS
Windows 版のメールから送信
Windows 10 版のメールから送信
Windows のメールから送信
Spark から送信
Sent with Spark
Spark for iOS から送信
Sent via Spark
ドコモメールより送信
ドコモメールから送信しました
auメールアプリから送信
ソフトバンクメールで送信
Galaxyから送信
Galaxy S23から送信されました
Sent from my Galaxy
Xperiaから送信
AQUOSから送信しています
スマートフォンから送信されました。
スマホから送信
携帯から送信
私の携帯電話から送信
Android携帯から送信
Gmail アプリから送信
Android版Gmailから送信
Gmailモバイルから送信
iPhone版Gmailから送信
このメールはK-9 Mailで送信されました。
Android デバイスから K-9 Mail で送信。簡単な返信でごめんなさい。
Android デバイスから K-9 Mail で送信しました。簡潔な文面で失礼します。
Sent from my Android device with K-9 Mail. Please excuse my brevity.
BlueMail for Android から送信
Get BlueMail for Android
Sent from Edison Mail
Sent from my Huawei phone
从我的iPhone发送
發自我的 iPhone
나의 iPhone에서 보냄
Envoyé de mon iPhone
Von meinem iPhone gesendet
Enviado desde mi iPhone
Inviato da iPhone
Verzonden vanaf mijn iPhone
Obtenir Outlook pour iOS
获取适用于 iOS 的 Outlook
Télécharger Outlook pour Android
Composed with Canary
Sent from Mailspring, the best free email app for work
Thunderbird for Android から送信
楽天メールから送信
Yahoo! JAPAN メールアプリから送信しました
らくらくスマートフォンから送信
eM Clientで送信
Sent with eM Client
Appleのメールから送信
Apple Watchから送信
Sent from Mail for Windows
Sent from Windows Mail
Sent via the Samsung Galaxy S21 5G, an AT&T 5G smartphone
Sent from Yahoo Mail on Android
Sent from Yahoo Mail for iPhone
Yahoo!メール - 無料で使えるメールサービス
iPhoneから送信（短い文でごめんなさい）
Androidデバイスから送信（K-9 Mail）
""".splitlines()

PEOPLE = """\
いつものスマホから送信してくださいね。
夫のスマホから送信しています。
メールは Outlook for iOS を入手すると読みやすいです。
心から感謝しています。
Sent messages are in the folder.
スマホから離れる時間をつくりましょう。
Gmailから送信できないときは、Yahoo!メールから送ってください。
Outlook を入手してください
お母さんのスマホから送信
窓口のパソコンから返信しています。
LINEで送ってください。
iPhoneのほうが使いやすいかもしれません
会社にはメールで返信しましょう。
診断書を取得
Get some rest.
Try to sleep early.
Get help if your phone rings at night.
次のメールで返信します。
ハローワークで求職票を入手
スマホで送信ボタンをおす
docomoショップで作成してもらえます
""".splitlines()


@pytest.mark.parametrize("line", APPS)
def test_an_app_wrote_it(line: str) -> None:
    assert is_app_line(line)
    assert cut(["お返事です。", "", line]) == (["お返事です。", ""], False)


@pytest.mark.parametrize("line", PEOPLE)
def test_a_person_wrote_it(line: str) -> None:
    assert not is_app_line(line)
    assert cut(["お返事です。", "", line])[0] == ["お返事です。", "", line]


def test_only_the_last_lines_are_an_apps() -> None:
    text = ["設定の画面に", "iPhoneから送信", "と出ます。"]
    assert cut(text) == (text, False)


@pytest.mark.parametrize(
    "below",
    [
        ["Get Outlook for iOS", "<https://aka.ms/o0ukef>"],
        ["---", "Sent from my iPhone"],
        ["Android デバイスから K-9 Mail で送信", "簡単な返信でごめんなさい。"],
        ["iPhoneから送信", "", "Sent with Spark"],
    ],
)
def test_what_belongs_to_the_line_goes_with_it(below: list[str]) -> None:
    kept, unknown = cut(["お返事です。", "", *below])
    assert ([line for line in kept if line], unknown) == (["お返事です。"], False)


def test_a_link_alone_is_the_counselors() -> None:
    text = ["こちらです。", "", "https://aka.ms/o0ukef"]
    assert cut(text) == (text, False)


def test_an_app_nobody_knows_is_asked_about() -> None:
    assert cut(["お返事です。", "", "Mailwise X から送信"])[1]
    assert not cut(["お返事です。", "Mailwise X から送信"])[1]
