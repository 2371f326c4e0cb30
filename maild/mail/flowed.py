"""format=flowed (RFC 3676): lines that the sender's program broke softly become paragraphs again."""

from __future__ import annotations


def unflow(text: str, *, delete_space: bool) -> str:
    """``text`` with ``\\n`` line ends; ``delete_space`` is DelSp=yes, which Japanese needs."""
    out: list[str] = []
    paragraph: list[str] = []
    depth_before = 0
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        if content.startswith(" "):
            content = content[1:]  # section 4.4: space-stuffed
        if paragraph and depth != depth_before:
            out.append(_quoted(paragraph, depth_before))
            paragraph = []
        depth_before = depth
        if content == "-- ":
            # Section 4.3: the signature's line is never soft, and ends a paragraph.
            if paragraph:
                out.append(_quoted(paragraph, depth))
            out.append(_quoted(["-- "], depth))
            paragraph = []
        elif content.endswith(" "):
            paragraph.append(content[:-1] if delete_space else content)
        else:
            paragraph.append(content)
            out.append(_quoted(paragraph, depth))
            paragraph = []
    if paragraph:
        out.append(_quoted(paragraph, depth_before))
    return "\n".join(out)


def _quoted(paragraph: list[str], depth: int) -> str:
    text = "".join(paragraph)
    return f"{'>' * depth} {text}" if depth else text
