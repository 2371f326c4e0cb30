"""A rehearsal as a dialogue that an operator reads from top to bottom."""

from __future__ import annotations

from datetime import timedelta

from maild.config import Config
from maild.desk.deadlines import closes_on
from maild.operate.rehearse import Row, Sent, read_message

_STATES = {
    "intake": "項目をうかがっています",
    "waiting_desk": "窓口の番",
    "waiting_client": "相談者の番",
    "held": "保留",
    "undeliverable": "届かない",
    "closed": "終了",
}
_AUDIENCE = {"client": "相談者へ", "counselor": "窓口へ", "operator": "運営へ"}


def as_dialogue(row: Row, config: Config) -> str:
    """One step: what came in, what went out, how the cases stand."""
    zone = row.step.at.tzinfo
    lines = ["", "=" * 72, f"[{row.step.number}] {row.step.at:%Y-%m-%d %H:%M}  {_what(row)}"]
    if row.dispositions:
        lines.append(f"    -> {', '.join(row.dispositions)}")
    said = row.step.mail or row.step.counselor
    if said is not None and "raw" not in said:
        if said.get("subject"):
            lines.append(f"    件名: {said['subject']}")
        lines += [f"    | {line}" for line in str(said.get("text", "")).strip().splitlines()]
        lines += [f"    | (添付 {one.name}, {one.size} bytes)" for one in said.get("attach", ())]
    for one in row.sent:
        lines += ["", *_letter(one, zone)]
    if row.cases:
        lines.append("")
    for case in row.cases:
        desk = config.desk(case.desk) or config.desks[0]
        until = closes_on(case, desk)
        state = _STATES.get(case.state, case.state) + (f"({case.reason})" if case.reason else "")
        more = [f"往復 {case.round_trip}/{desk.rules.round_trips or '-'}"]
        if until:
            more.append(f"期日 {until}")
        if case.flags:
            more.append("印 " + ",".join(sorted(case.flags)))
        lines.append(f"    受付 {case.number}: {state}  {'  '.join(more)}")
    return "\n".join(lines)


def _what(row: Row) -> str:
    step = row.step
    if step.mail is not None:
        return f"{step.mail['from']} から"
    if step.counselor is not None:
        return f"相談員 {step.counselor.get('from', '')} から"
    if step.bounce is not None:
        return f"届かずに戻る ({step.bounce})"
    return "時間がたつ"


def _letter(one: Sent, zone: object) -> list[str]:
    subject, text, _ = read_message(one.data)
    at = one.at.astimezone(zone) if zone is not None else one.at + timedelta()  # type: ignore[arg-type]
    head = f"  <- {at:%m-%d %H:%M} {_AUDIENCE[one.audience]} {one.to}  [{one.template}]"
    return [head, f"     件名: {subject}", *(f"     {line}".rstrip() for line in text.rstrip().splitlines())]
