"""HTML -> readable text (rules M5, M6)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.mail.html import to_text

TABLE = {
    "<p>a</p><p>b</p>": "a\n\nb",
    "a<br>b<br/>c": "a\nb\nc",
    "<div>a</div><div><br></div><div>b</div>": "a\n\nb",
    "<b>a</b> <i>b</i>c": "a bc",
    "死<b></b>に<span>たい</span>": "死にたい",
    "相談\nです": "相談です",
    "a\nb": "a b",
    "<pre>a\n  b</pre>": "a\n  b",
    "a&nbsp;&amp;&lt;b&gt;&#x3042;&hearts;": "a &<b>あ♥",
    "<script>x</script><style>y</style><title>z</title>a": "a",
    "<!-- x -->a<![if !mso]>b<![endif]>": "ab",
    '<div style="display: none">x</div>a': "a",
    "<p hidden>x</p>a": "a",
    '<span style="font-size:0px">x</span>a<span style="font-size:0.9em">b</span>': "ab",
    '<a href="https://x.example/">here</a>': "here <https://x.example/>",
    '<a href="https://x.example/">x.example</a>': "x.example",
    '<a href="javascript:x()">here</a>': "here",
    '<a href="mailto:a@x.example">a@x.example</a>': "a@x.example",
    '<img alt="😀" src="x">a': "😀a",
    "<ul><li>a<li>b</ul>": "・a\n・b",
    "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>": "a b\nc",
    "<blockquote>a<br>b</blockquote>c": "> a\n> b\n\nc",
    '<blockquote type="cite">a<blockquote>b</blockquote></blockquote>': "> a\n> >\n> > b",
    '<blockquote style="margin:0 0 0 40px;border:none;padding:0px">own words</blockquote>': "own words",
    "plain": "plain",
    "": "",
    "<p>": "",
    "<<<>>>": "<<<>>>",
    '<?xml version="1.0" encoding="shift_jis"?><p>あ</p>': "あ",
    '<meta http-equiv="Content-Type" content="text/html; charset=utf-16"><p>あ': "あ",
    "a\x00b": "ab",
}


@pytest.mark.parametrize(("source", "wanted"), TABLE.items())
def test_readable(source: str, wanted: str) -> None:
    assert to_text(source) == wanted


@given(st.text(alphabet="<>/!-[]&;#=\"' abpdivscriptblockquote\n", max_size=200))
def test_garbage_never_raises(source: str) -> None:
    assert "\r" not in to_text(source)


@given(
    st.lists(
        st.sampled_from(["<div>", "<p>", "<blockquote>", "<b>", "<td>", "</div>", "</p>", "</blockquote>", "<br>"])
    )
)
def test_words_are_never_lost(tags: list[str]) -> None:
    source = "".join(f"{tag}word{index} " for index, tag in enumerate(tags))
    assert to_text(source).replace(">", " ").split() == [f"word{index}" for index in range(len(tags))]


@pytest.mark.parametrize(
    "tag", ["<div>", "<blockquote>", "<table><tr><td>", "<b>", "<a href=x>", "<ul><li>", "</p>", "&", "<p>"]
)
def test_two_hundred_thousand_bytes_of_one_tag(tag: str) -> None:
    assert to_text(tag * (200_000 // len(tag)) + " last").rstrip().endswith("last")
