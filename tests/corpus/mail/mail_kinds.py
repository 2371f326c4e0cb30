"""Mail of persons, of machines, and what is no mail (rules M3, M6)."""

from __future__ import annotations

from mail_builders import PLAIN, PNG, UTF8, ZIP, Table, ctype, mail, multi, part, whole, word

CASES = Table()

AUTOMATIC: dict[str, bytes] = {
    "Auto-Submitted": b"Auto-Submitted: auto-replied\n",
    "Auto-Submitted with a comment": b"auto-submitted: (x) Auto-Generated; type=x\n",
    "Precedence": b"PRECEDENCE: Bulk\n",
    "Precedence list": b"Precedence: list (x)\n",
    "List-Id": b"List-Id: <a.example>\n",
    "List-Unsubscribe": b"list-unsubscribe: <mailto:a@b.example>\n",
    "suppress all": b"X-Auto-Response-Suppress: All\n",
    "suppress several": b"X-Auto-Response-Suppress: DR, OOF, AutoReply\n",
    "null path": b"Return-Path: <>\n",
    "X-Autoreply": b"X-Autoreply: yes\n",
    "X-Autorespond": b"X-Autorespond: Re: a\n",
    "X-Auto-Reply-From": b"X-Auto-Reply-From: a@b.example\n",
    "Vacation": b"Vacation: on\n",
    "subject 自動返信": b"Subject: " + word("自動返信：相談") + b"\n",
    "subject 【自動返信】": b"Subject: " + word("【自動返信】お問い合わせ") + b"\n",
    "subject ◆自動返信◆": b"Subject: " + word("◆自動返信◆ありがとうございます") + b"\n",
    "subject 不在通知": b"Subject: " + word("[不在通知] Re: 相談") + b"\n",
    "subject 不在のお知らせ": b"Subject: " + word("不在のお知らせ") + b"\n",
    "subject Automatic reply": b"Subject: Automatic reply: hello\n",
    "subject Out of Office": b"Subject: Out of Office AutoReply: hello\n",
}
for _name, _headers in AUTOMATIC.items():
    CASES.case(f"automatic: {_name}", mail(_headers), kind="automatic")
CASES.case(
    "automatic: out of office, weak words",
    mail(
        b"In-Reply-To: <a@b.example>\nSubject: " + word("休暇中：Re: 相談") + b"\n" + UTF8,
        "ただいま休暇のため、1月10日まで返信できません。".encode(),
    ),
    kind="automatic",
)
PERSON: dict[str, bytes] = {
    "Auto-Submitted: no": b"Auto-Submitted: no\n",
    "ordinary Outlook": b"X-Auto-Response-Suppress: DR, RN, NRN\n",
    "suppress none": b"X-Auto-Response-Suppress: None\n",
    "X-Autoreply: no": b"X-Autoreply: no\n",
    "Precedence: normal": b"Precedence: first-class\n",
    "answers our acknowledgement": b"Subject: Re: " + word("【自動返信】相談を受け付けました") + b"\n",
    "writes of absence": b"Subject: " + word("夫の不在について") + b"\n",
    "writes of holidays": b"Subject: " + word("休暇中の相談です") + b"\n",
    "writes of automatic answers": b"Subject: " + word("自動返信について相談したいです") + b"\n",
    "auto in a word": b"Subject: autopsy\n",
    "own path": b"Return-Path: <hanako@docomo.example>\n",
    "Delivered-To": b"Delivered-To: soudan@example.jp\n",
}
for _name, _headers in PERSON.items():
    CASES.case(f"person: {_name}", mail(_headers), kind="mail", automatic=None)
for _local in (
    "MAILER-DAEMON",
    "noreply",
    "no-reply",
    "do_not_reply",
    "donotreply",
    "owner-list",
    "list-owner",
    "list-request",
    "postmaster",
    "no-reply+x",
    "info-noreply",
    "list-bounces",
):
    CASES.case(f"automatic: {_local}", mail(sender=b"From: %b@x.example\n" % _local.encode()), kind="automatic")
for _local in ("reply", "noriko", "owner.of.shop", "bouncer", "nora.plyer", "auto"):
    CASES.case(f"person: {_local}", mail(sender=b"From: %b@x.example\n" % _local.encode()), kind="mail")
CASES.case("automatic: null envelope", mail(), {"envelope_from": ""}, kind="automatic")
CASES.case(
    "person: envelope given", mail(b"Return-Path: <>\n"), {"envelope_from": "hanako@docomo.example"}, kind="mail"
)
CASES.case("automatic: ourselves", mail(), {"ours": {"hanako@docomo.example"}}, kind="automatic")
CASES.case(
    "automatic: read receipt",
    whole(
        multi(
            "report; report-type=disposition-notification",
            part(PLAIN, b"read"),
            part(
                ctype("message/disposition-notification"), b"Disposition: manual-action/MDN-sent-manually; displayed\n"
            ),
        )
    ),
    kind="automatic",
    text="read",
    attachments=(),
)
CASES.case(
    "automatic: feedback report",
    whole(
        multi(
            "report; report-type=feedback-report",
            part(PLAIN, b"abuse"),
            part(ctype("message/feedback-report"), b"Feedback-Type: abuse\n"),
            part(ctype("message/rfc822"), b"Subject: x\n\nx"),
        )
    ),
    kind="automatic",
)
CASES.case(
    "automatic: delivered",
    whole(
        multi(
            "report; report-type=delivery-status",
            part(PLAIN, b"ok"),
            part(
                ctype("message/delivery-status"),
                b"Reporting-MTA: dns; x.example\n\n"
                b"Final-Recipient: rfc822; a@b.example\nAction: delivered\nStatus: 2.0.0\n",
            ),
        )
    ),
    kind="automatic",
)
CASES.case(
    "bounce",
    whole(
        multi(
            "report; report-type=delivery-status",
            part(PLAIN, b"failed"),
            part(
                ctype("message/delivery-status"),
                b"Reporting-MTA: dns; x.example\n\n"
                b"Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n",
            ),
            part(ctype("message/rfc822"), b"Message-ID: <9@example.jp>\nFrom: soudan@example.jp\n\nx"),
        )
    ),
    kind="bounce",
    attachments=(),
)

for _name, _raw in (
    ("nothing", b""),
    ("blank lines", b"\r\n \r\n"),
    ("NULs", bytes(100)),
    ("a picture", PNG),
    ("an archive", ZIP * 9),
    ("every byte there is", bytes(range(256)) * 4),
):
    CASES.case(f"unreadable: {_name}", _raw, kind="unreadable", text="", from_address="", attachments=())
