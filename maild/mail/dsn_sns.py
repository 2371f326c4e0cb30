"""Bounce notices of Amazon SES that come as a mail with JSON in it (through SNS), turned into an RFC 3464 report.

Format: "Amazon SNS notification contents for Amazon SES". Long lines are broken with ``!`` and a space.
"""

from __future__ import annotations

import json
from typing import Any

_MAX_JSON = 100_000


def report_of(words: str) -> str | None:
    """The report that a notice stands for; None where ``words`` is no notice of a bounce (complaints are none)."""
    text = words.strip()[:_MAX_JSON]
    if not text.startswith("{"):
        return None
    text = text.partition("\n--\n")[0].replace("!\n ", "").replace("\n", "")
    notice = _object(text)
    if isinstance(notice.get("Message"), str):
        notice = _object(notice["Message"])
    bounce, mail = notice.get("bounce"), notice.get("mail")
    if notice.get("notificationType", notice.get("eventType")) != "Bounce" or not isinstance(bounce, dict):
        return None
    final = bounce.get("bounceType") != "Transient"
    lines: list[str] = []
    if isinstance(mail, dict):
        common = mail.get("commonHeaders")
        if isinstance(common, dict):
            lines += [f"X-Original-Message-ID: {_line(common.get('messageId'))}", ""]
    subtype = f"x-ses; {_line(bounce.get('bounceSubType'))}"
    recipients = bounce.get("bouncedRecipients")
    for one in recipients[:100] if isinstance(recipients, list) else []:
        if isinstance(one, dict):
            lines += [
                f"Final-Recipient: rfc822; {_line(one.get('emailAddress'))}",
                f"Action: {_line(one.get('action')) or ('failed' if final else 'delayed')}",
                f"Status: {_line(one.get('status'))}",
                f"Diagnostic-Code: {_line(one.get('diagnosticCode')) or subtype}",
                "",
            ]
    return "\n".join(lines)


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _line(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
