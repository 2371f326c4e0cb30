"""Multiparts whole and broken, and what is an attachment in them (rules A2, M6)."""

from __future__ import annotations

from typing import Any

from mail_builders import (
    DOCX,
    FROM,
    GIF,
    HTML,
    JPEG,
    PLAIN,
    PNG,
    TEXT,
    UTF8,
    ZIP,
    T,
    Table,
    b64,
    ctype,
    encoded,
    mail,
    multi,
    part,
    whole,
    word,
)

CASES = Table()

CASES.case("alternative", whole(multi("alternative", T, HTML)), text=TEXT, attachments=())
CASES.case("alternative, HTML first", whole(multi("alternative", HTML, T)), text=TEXT, attachments=())
CASES.case("alternative, empty text", whole(multi("alternative", part(PLAIN, b" \n"), HTML)), text=TEXT, attachments=())
CASES.case(
    "alternative, stub",
    whole(multi("alternative", part(UTF8, "HTMLメールに対応したメールソフトでご覧ください。".encode()), HTML)),
    text=TEXT,
)
CASES.case("HTML only", whole(HTML), text=TEXT, attachments=(), kind="mail")
CASES.case(
    "HTML with its own charset",
    mail(ctype("text/html"), '<meta charset="shift_jis"><p>表示</p>'.encode("cp932")),
    text="表示",
)
CASES.case(
    "HTML that calls itself UTF-16",
    mail(ctype("text/html"), '<meta charset="utf-16"><p>表示</p>'.encode()),
    text="表示",
)
CASES.case(
    "HTML labelled plain", mail(PLAIN, b"<!DOCTYPE html><html><body><p>a</p><p>b</p></body></html>"), text="a\n\nb"
)
CASES.case(
    "HTML quote",
    mail(ctype("text/html"), b'<div>mine</div><blockquote type="cite">theirs</blockquote>'),
    text="mine\n>\n> theirs",
)
CASES.case("mixed used as alternative", whole(multi("mixed", T, HTML)), text=TEXT, attachments=())
CASES.case(
    "two texts", whole(multi("mixed", part(PLAIN, b"one"), part(PLAIN, b"two"))), text="one\n\ntwo", attachments=()
)
CASES.case("wrong boundary", whole(multi("mixed", T).replace(b'boundary="=_b"', b'boundary="other"')), text=TEXT)
CASES.case("no boundary", whole(multi("mixed", T).replace(b'; boundary="=_b"', b"")), text=TEXT)
CASES.case("boundary never closed", whole(multi("mixed", T)[: -len(b"--=_b--\n")]), text=TEXT)
CASES.case("a type nobody knows", mail(ctype("plain/text; charset=utf-8"), TEXT.encode()), text=TEXT, attachments=())
CASES.case("all of it octet-stream", mail(ctype("application/octet-stream"), TEXT.encode()), text=TEXT, attachments=())
CASES.case(
    "all of it octet-stream, and no text",
    mail(ctype("application/octet-stream"), PNG),
    text="",
    attachments=(("", "image/png", 100),),
)
CASES.case("MIME header lost", FROM + b"\n--x\nContent-Type: text/plain\n\nhello\n--x--\n", text="hello")
CASES.case("boundary is a prefix", whole(multi("mixed", part(PLAIN, b"--bx\na"), boundary=b"b")), text="--bx\na")
CASES.case("preamble and epilogue", whole(multi("mixed", T, extra=b"\npreamble\n") + b"epilogue\n"), text=TEXT)
CASES.case(
    "nothing but a boundary", whole(b"Content-Type: multipart/mixed; boundary=x\n\n--x--\n"), text="", kind="mail"
)
CASES.case("part without any header", whole(multi("mixed", b"\nbare part")), text="bare part")
CASES.case(
    "multipart in base64",
    whole(
        b"Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n"
        + b64(b"--b\nContent-Type: text/plain\n\nhello\n--b--\n")
    ),
    text="hello",
)
_deep = b"Content-Type: text/plain\n\nbottom"
for _i in range(100):
    _deep = multi("mixed", _deep, boundary=b"b%d" % _i)
CASES.case("a hundred levels", whole(_deep), text="bottom")
for _i in range(100, 1200):
    _deep = multi("mixed", part(PLAIN, b"t") if _i == 1199 else b"\n", _deep, boundary=b"b%d" % _i)
CASES.case("twelve hundred levels", whole(_deep), text="t", defects={"nesting_too_deep"})
CASES.case("twenty thousand parts", whole(multi("mixed", *[part(PLAIN, b"t")] * 20_000)), defects={"too_many_parts"})


# What is an attachment
NONE: tuple[Any, ...] = ()
ATTACHED: dict[str, tuple[bytes, tuple[tuple[str, str, int], ...]]] = {
    "disposition": (
        encoded("image/jpeg", JPEG, b"Content-Disposition: attachment; filename=a.jpg\n"),
        (("a.jpg", "image/jpeg", 100),),
    ),
    "bytes say nothing": (
        encoded("image/jpeg", b"x" * 2000, b"Content-Disposition: attachment; filename=a.jpg\n"),
        (("a.jpg", "image/jpeg", 2000),),
    ),
    "text as attachment": (
        part(PLAIN + b"Content-Disposition: attachment; filename=a.txt\n", b"abc"),
        (("a.txt", "text/plain", 3),),
    ),
    "name only in Content-Type": (encoded("image/png; name=a.png", PNG), (("a.png", "image/png", 100),)),
    "no name, no disposition": (encoded("image/png", PNG), (("", "image/png", 100),)),
    "inline image": (
        encoded("image/png", PNG, b"Content-Disposition: inline; filename=a.png\n"),
        (("a.png", "image/png", 100),),
    ),
    "text by label, zip by content": (encoded("text/plain", ZIP), (("", "application/zip", 100),)),
    "text by label, zip by name": (
        part(PLAIN + b"Content-Disposition: inline; filename=a.zip\n", b"abc"),
        (("a.zip", "text/plain", 3),),
    ),
    "image by label, zip by content": (encoded("image/gif; name=a.gif", ZIP), (("a.gif", "application/zip", 100),)),
    "inline text with a text name": (part(PLAIN + b"Content-Disposition: inline; filename=a.txt\n", b"abc"), NONE),
    "octet-stream": (encoded("application/octet-stream", b"\x01\x02abc"), (("", "application/octet-stream", 5),)),
    "docx": (encoded(f"{DOCX}; name=a.docx", ZIP), (("a.docx", DOCX, 100),)),
    "forwarded message": (
        part(ctype("message/rfc822"), b"From: a@b.example\nSubject: s\n\ninner\n"),
        (("s.eml", "message/rfc822", 36),),
    ),
    "TNEF": (
        encoded("application/ms-tnef; name=winmail.dat", b"\x78\x9f\x3e\x22" + bytes(6)),
        (("winmail.dat", "application/ms-tnef", 10),),
    ),
    "calendar": (
        part(ctype("text/calendar; method=REQUEST"), b"BEGIN:VCALENDAR\nEND:VCALENDAR"),
        (("", "text/calendar", 29),),
    ),
    "vCard": (part(ctype("text/vcard; name=a.vcf"), b"BEGIN:VCARD\nEND:VCARD"), (("a.vcf", "text/vcard", 21),)),
    "name encoded as RFC 2047": (
        encoded(f'image/jpeg; name="{word("写真").decode()}.jpg"', JPEG),
        (("写真.jpg", "image/jpeg", 100),),
    ),
    "name as RFC 2231": (
        encoded("image/jpeg", JPEG, b"Content-Disposition: attachment; filename*=UTF-8''%E5%86%99%E7%9C%9F.jpg\n"),
        (("写真.jpg", "image/jpeg", 100),),
    ),
    "name as RFC 2231, in pieces": (
        encoded(
            "image/jpeg",
            JPEG,
            b"Content-Disposition: attachment; filename*0*=iso-2022-jp''%1B%24B%3C%4C;\n"
            b" filename*1*=%3F%3F%1B%28B; filename*2=.jpg\n",
        ),
        (("写真.jpg", "image/jpeg", 100),),
    ),
    "name raw": (
        encoded("image/jpeg", JPEG, b'Content-Disposition: attachment; filename="' + "表.jpg".encode("cp932") + b'"\n'),
        (("表.jpg", "image/jpeg", 100),),
    ),
    "name turned round": (
        encoded("image/jpeg", JPEG, 'Content-Disposition: attachment; filename="a\u202egpj.exe"\n'.encode()),
        (("agpj.exe", "image/jpeg", 100),),
    ),
    "PGP signature": (
        part(ctype("application/pgp-signature; name=signature.asc"), b"-----BEGIN PGP SIGNATURE-----\n"),
        NONE,
    ),
    "S/MIME signature": (encoded("application/pkcs7-signature; name=smime.p7s", b"\x30\x80\x06\x09"), NONE),
    "zip labelled as a signature": (
        encoded("application/pkcs7-signature; name=smime.p7s", ZIP),
        (("smime.p7s", "application/zip", 100),),
    ),
    "neither name nor content": (part(ctype("application/octet-stream")), NONE),
    "name without content": (part(ctype("image/jpeg; name=a.jpg")), (("a.jpg", "image/jpeg", 0),)),
    "container": (
        multi("mixed", part(PLAIN, b"abc"), boundary=b"c", extra=b"Content-Disposition: attachment\n"),
        (("", "text/plain", 3),),
    ),
}
for _kind, _data in (
    ("application/pdf", b"%PDF-1.7\n%\xe2"),
    ("application/x-7z-compressed", b"7z\xbc\xaf\x27\x1c"),
    ("application/vnd.rar", b"Rar!\x1a\x07\x00"),
    ("application/gzip", b"\x1f\x8b\x08\x00"),
    ("application/x-msdownload", b"MZ\x90\x00\x03\x00"),
    ("application/x-ole-storage", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ("image/heic", b"\x00\x00\x00\x18ftypheic"),
    ("video/mp4", b"\x00\x00\x00\x18ftypisom"),
    ("application/x-lzh", b"\x1c\x00-lh5-\x00"),
    ("application/rtf", b"{\\rtf1\\ansi}"),
):
    ATTACHED[f"{_kind} labelled as text"] = (encoded("text/plain", _data), (("", _kind, len(_data)),))
    ATTACHED[f"{_kind} labelled octet-stream"] = (
        encoded("application/octet-stream", _data),
        (("", _kind, len(_data)),),
    )
for _name, (_part, _expected) in ATTACHED.items():
    _body = "abc" if _name == "inline text with a text name" else ""
    CASES.case(
        f"attached: {_name}",
        whole(multi("mixed", T, _part)),
        attachments=_expected,
        kind="mail",
        text=f"{TEXT}\n\n{_body}" if _body else TEXT,
    )
SHOWN = part(ctype("text/html"), b'<p>hi<img src="cid:i@x"></p>')
IMAGE = b"Content-ID: <i@x>\n"
CASES.case(
    "decorated mail",
    whole(multi("related", SHOWN, encoded("image/gif; name=a.gif", GIF, IMAGE))),
    text="hi",
    attachments=(),
)
CASES.case(
    "decorated mail in mixed",
    whole(multi("mixed", SHOWN, encoded("image/gif; name=a.gif", GIF, IMAGE))),
    attachments=(),
)
CASES.case(
    "an image that the HTML does not show",
    whole(multi("related", SHOWN, encoded("image/gif; name=a.gif", GIF, b"Content-ID: <j@x>\n"))),
    attachments=(("a.gif", "image/gif", 100),),
)
CASES.case(
    "a zip shown as an image",
    whole(multi("related", SHOWN, encoded("image/gif; name=a.gif", ZIP, IMAGE))),
    attachments=(("a.gif", "application/zip", 100),),
)
CASES.case(
    "an image alone",
    whole(encoded("image/jpeg; name=a.jpg", JPEG)),
    text="",
    attachments=(("a.jpg", "image/jpeg", 100),),
)
UU = b"begin 644 cat.txt\n#0V%T\n`\nend\n"
CASES.case(
    "uuencoded",
    mail(b"", b"hello\n" + UU + b"bye\n"),
    text="hello\nbye",
    attachments=(("cat.txt", "application/octet-stream", 3),),
)
CASES.case(
    "prose that begins",
    mail(b"", b"begin 100 words\nof prose here\nend\n"),
    text="begin 100 words\nof prose here\nend",
    attachments=(),
)
CASES.case(
    "base64 that lost its header",
    mail(b"", b"see:\n" + b64(ZIP * 4)),
    text="see:",
    attachments=(("", "application/zip", 400),),
)
CASES.case(
    "calendar sets its flag",
    whole(multi("alternative", T, part(ctype("text/calendar"), b"BEGIN:VCALENDAR\n"))),
    text=TEXT,
    calendar=True,
)

CASES.case(
    "an image that is only linked is an attachment",
    whole(
        multi(
            "related",
            part(ctype("text/html"), b'<a href="cid:p@x">photo</a>'),
            encoded("image/png; name=a.png", PNG, b"Content-ID: <p@x>\n"),
        )
    ),
    attachments=(("a.png", "image/png", 100),),
    text="photo",
)
