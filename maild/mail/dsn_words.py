"""What a bounce means, in the plain words that a counselor is told (rules M4); no mail terms, no personal data."""

from __future__ import annotations

_JA: dict[str, str] = {
    "user_unknown": (
        "宛先のメールアドレスが見つかりませんでした。アドレスの変更や入力の誤りのほか、"
        "携帯電話の受信設定で拒否されたときにも、このように返ってくることがあります。"
    ),
    "carrier_filter": (
        "携帯電話会社の受信拒否設定の可能性があります。相談者の側で、当方のアドレスを受信できるように"
        "設定してもらうまで、返信は届きません。"
    ),
    "filtered": "受け取る側の設定で拒否されました。相談者の側で、当方のアドレスの受信を許可する必要があります。",
    "mailbox_full": "相談者の受信箱がいっぱいで届きませんでした。空きができれば、また届くようになります。",
    "suspended": "相談者のメールアドレスが停止または休止されています。再開されるまでは届きません。",
    "moved": "相談者のメールアドレスが変わったようです。新しいアドレスからの連絡を待つことになります。",
    "host_unknown": "宛先の「@」より後ろの部分が見つからないか、メールを受け付けていません。入力の誤りかもしれません。",
    "message_too_big": "メールが大きすぎて受け取ってもらえませんでした。短くするか、分けて送ると届くことがあります。",
    "spam": "受け取る側で迷惑メールと判定されました。言い回しやリンクを減らすと届くことがあります。",
    "blocked": "受け取る側が、当方のサーバーからのメールを受け付けていません。システムの担当者に知らせてください。",
    "auth_failure": "差出人の確認（なりすまし対策）に通りませんでした。システムの担当者に知らせてください。",
    "policy": "受け取る側の決まりにより拒否されました。相談者に別のアドレスがあれば、そちらが確実です。",
    "sender_rejected": "受け取る側が、当方の差出人アドレスを受け付けませんでした。システムの担当者に知らせてください。",
    "relay_denied": "宛先のサーバーが、そのアドレスのメールを扱っていません。入力の誤りか、先方の設定の問題です。",
    "rate_limited": "短い時間にメールが集中したため、受け付けてもらえませんでした。時間をおけば届く見込みがあります。",
    "content": "メールの形式が受け付けられませんでした。システムの担当者に知らせてください。",
    "expired": "何度も送り直しましたが、期限までに届きませんでした。先方のサーバーが止まっていた可能性があります。",
    "network": "先方のサーバーにつながりませんでした。一時的な障害か、アドレスの誤りの可能性があります。",
    "system_error": "途中のメールサーバーで障害が起きました。相談者の側の問題ではないかもしれません。",
    "undefined": "メールは届きませんでしたが、理由は書かれていませんでした。",
}
_EN: dict[str, str] = {
    "user_unknown": (
        "The address was not found. It may have changed or been mistyped; phone carriers also answer like this when "
        "the phone's settings refuse a mail."
    ),
    "carrier_filter": (
        "The client's phone carrier probably refuses mail from us because of the phone's receive settings. Replies "
        "will not arrive until the client allows our address there."
    ),
    "filtered": "The client's mail settings refuse our address. It has to be allowed there before a reply can arrive.",
    "mailbox_full": "The client's mailbox is full. Mail will arrive again once there is room.",
    "suspended": "The client's address is suspended or unused. Nothing will arrive until it is active again.",
    "moved": "The client's address has changed. We can only wait until they write from the new one.",
    "host_unknown": "The part after the @ does not exist or takes no mail. The address may have been mistyped.",
    "message_too_big": "The mail was too large. A shorter one, or several, may arrive.",
    "spam": "The mail was taken for spam. With other wording and fewer links it may arrive.",
    "blocked": "The receiving side refuses mail from our mail server. Please tell the person who runs the system.",
    "auth_failure": "The check that the mail is really from us failed. Please tell the person who runs the system.",
    "policy": "A rule of the receiving organisation refused the mail. Another address of the client may work.",
    "sender_rejected": "The receiving side refuses our sender address. Please tell the person who runs the system.",
    "relay_denied": "That server does not handle mail for the address. It may be mistyped, or their setup is wrong.",
    "rate_limited": "Too many mails arrived there in a short time. It will probably arrive if sent again later.",
    "content": "The form of the mail was not accepted. Please tell the person who runs the system.",
    "expired": "The mail was tried again and again and could not be delivered in time. Their server may be down.",
    "network": "Their server could not be reached: a passing fault, or a mistyped address.",
    "system_error": "A mail server on the way had a fault. It may have nothing to do with the client.",
    "undefined": "The mail did not arrive; no reason was given.",
}
_WORDS = {"ja": _JA, "en": _EN}


def plain_words(reason: str, language: str) -> str:
    """What ``reason`` means to somebody who answers clients, in ``language`` ("ja", "en", or a tag such as "ja-JP").

    An unknown reason reads as ``undefined``, an unknown language as English: it never fails.
    """
    words = _WORDS.get(language[:2].lower(), _EN)
    return words.get(reason, words["undefined"])
