"""What ``maild inspect`` prints about one message (interfaces.md, "One message")."""

from __future__ import annotations

from typing import Any

from maild.mail.facts import Facts


def inspect_row(facts: Facts) -> dict[str, Any]:
    """The facts under their public names; ``intake`` and ``crisis`` are empty, for the caller to fill."""
    bounce = facts.bounce
    return {
        "kind": facts.kind,
        "from": facts.from_address,
        "from_name": facts.from_name,
        "to": list(facts.to),
        "subject": facts.subject,
        "message_id": facts.message_id,
        "in_reply_to": list(facts.in_reply_to),
        "references": list(facts.references),
        "text": facts.text,
        "own_text": facts.own_text,
        "attachments": [{"name": each.name, "type": each.type, "bytes": each.bytes} for each in facts.attachments],
        "automatic": facts.automatic,
        "bounce": None
        if bounce is None
        else {
            "recipients": [
                {"address": each.address, "permanent": each.permanent, "status": each.status, "reason": each.reason}
                for each in bounce.recipients
            ],
            "message_id": bounce.message_id,
        },
        "intake": {},
        "crisis": [],
        "defects": list(facts.defects),
    }
