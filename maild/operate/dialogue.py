"""A rehearsal as a dialogue that an operator reads from top to bottom."""

from __future__ import annotations

from datetime import tzinfo

from maild.config import Config
from maild.desk.case import Case
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
_REASONS = {
    "completed": "約束の往復が済んだ",
    "silence": "期日が過ぎた",
    "intake_silence": "項目がそろわないまま期日が過ぎた",
    "client_days": "相談者の日数を使い切った",
    "counselor": "窓口が終えた",
    "declined": "お断りした",
    "client_request": "ご本人の希望",
    "suspended": "利用を止めた",
    "service_ended": "事業が終わった",
    "erased": "消去した",
}
_DISPOSITIONS = {
    "accepted": "受け付けた",
    "rejected": "受け取らなかった",
    "duplicate": "同じメールの二度目（機械の重複）",
    "automatic": "自動のメール（返事をしない）",
    "bounce": "届かなかった知らせ",
    "third_party": "登録とちがう人（受付に入れない）",
    "suspended": "利用を止めている人（記録だけ）",
    "quarantined": "別に取り分けた",
    "refused": "相談者には送らなかった",
    "command": "指示として受けた",
}
_FLAGS = {
    "crisis": "至急",
    "incomplete": "項目不足",
    "companion": "代わりの人・付き添い",
    "automatic": "自動かもしれない",
    "spam": "迷惑メール",
    "wish_end": "終わりにしたい",
    "wish_erase": "消してほしい",
}
_AUDIENCE = {"client": "相談者へ", "counselor": "窓口へ", "operator": "運営へ"}
_WEEKDAYS = "月火水木金土日"


def as_dialogue(row: Row, config: Config) -> str:
    """One step: what came in, what went out on the way and in answer, how the cases stand.

    What fell due before the step's own mail is shown before it, so that the page reads in order of time.
    """
    at, zone = row.step.at, row.step.at.tzinfo
    earlier = [one for one in row.sent if one.at < at]
    lines = ["", "=" * 72]
    digests = [one for one in earlier if one.template == "digest"]
    for one in earlier:
        # a long wait holds a digest for each working morning; the last one says it all
        if one.template != "digest" or one is digests[-1]:
            lines += [*_letter(one, zone), *_others(digests if one.template == "digest" else []), ""]
    if earlier:
        lines.append("-" * 72)
    lines.append(f"[{row.step.number}] {at:%Y-%m-%d}({_WEEKDAYS[at.weekday()]}) {at:%H:%M:%S}  {_what(row, config)}")
    lines += _said(row)
    for disposition in row.dispositions:
        said = _DISPOSITIONS.get(disposition, disposition)
        if disposition == "refused" and row.step.mail is not None:
            said = "受け取らなかった（返事もしない）"  # no desk's address, or a notice answered by a stranger (P3)
        lines.append(f"    → {said}  [{disposition}]")
    for one in row.sent[len(earlier) :]:
        lines += ["", *_letter(one, zone)]
    return "\n".join([*lines, *_cases(row.cases, config)])


def _what(row: Row, config: Config) -> str:
    step = row.step
    if step.mail is not None:
        return f"{step.mail['from']} から"
    if step.counselor is not None:
        # the first counselor speaks where the scenario names nobody (interfaces.md, "Rehearsal")
        return f"相談員 {step.counselor.get('from') or config.desks[0].counselors[0].address} から"
    if step.bounce is not None:
        return f"{'届かずに戻る' if step.bounce.startswith('5') else '配達が遅れている'} ({step.bounce})"
    return "時間がたつ"


def _said(row: Row) -> list[str]:
    said = row.step.mail or row.step.counselor
    if said is None:
        return []
    if "raw" in said:
        return [f"    | (ファイルのメール {said.get('eml', '')})"]
    lines = [f"    件名: {said['subject']}"] if said.get("subject") else []
    lines += [f"    | {line}" for line in str(said.get("text", "")).strip().splitlines()]
    lines += [f"    | (添付 {one.name}, {one.size} bytes)" for one in said.get("attach", ())]
    return lines


def _letter(one: Sent, zone: tzinfo | None) -> list[str]:
    subject, text, _ = read_message(one.data)
    head = f"  <- {one.at.astimezone(zone):%m-%d %H:%M} {_AUDIENCE[one.audience]} {one.to}  [{one.template}]"
    return [head, f"     件名: {subject}", *(f"     {line}".rstrip() for line in text.rstrip().splitlines())]


def _others(digests: list[Sent]) -> list[str]:
    return [f"     （この前に、毎朝のまとめがあと {len(digests) - 1} 通）"] if len(digests) > 1 else []


def _cases(cases: tuple[Case, ...], config: Config) -> list[str]:
    """A line for each open case, and one for all that have ended."""
    lines = [""] if cases else []
    for case in cases:
        if not case.is_open:
            continue
        desk = config.desk(case.desk) or config.desks[0]
        until = closes_on(case, desk)
        more = [_STATES.get(case.state, case.state), f"往復 {case.round_trip}/{desk.rules.round_trips or '制限なし'}"]
        if until:
            more.append(f"期日 {until}({_WEEKDAYS[until.weekday()]})")
        if case.flags:
            more.append("印 " + "、".join(_FLAGS.get(flag, flag) for flag in sorted(case.flags)))
        lines.append(f"    受付 {case.number}: {'  '.join(more)}")
    over = [
        f"{case.number}({_REASONS.get(case.reason or '', case.reason or '')})" for case in cases if not case.is_open
    ]
    if over:
        lines.append(f"    終了: {' '.join(over)}")
    return lines
