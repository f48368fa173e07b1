"""The line index against the standard parser: it knows every key, and nothing else."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitra_shared.campaign.check.toml_lines import NotToml, Path, read_toml
from tests.campaign.files import MAIN, MODI_MITRA, SMALL

ODD = '''# a comment with = and [brackets]
a = 1 # [not.a.table]
"b c" . 'd' = "x # y"
e = """
one = 1
\\""" two = 2
"""""
f = \'\'\'
g = 'no key'
\'\'\'\'
h = [ # comment ]
  [1, 2], # ]
  { i = [3], j.k = "}" }, [
  ],
]

[ l . "m]" ]
n = 1979-05-27 07:32:00
[[o.p]]
q = 1
[[ o.p.r ]]
s = {}
[[o.p.r]]
s = { t = 1, u = { v = [] } }
[[o.p]]
[o.p.w]
x = inf
[o]
'''


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from paths(inner, (*path, index))


@pytest.mark.parametrize(
    "text",
    [
        ODD,
        ODD.replace("\n", "\r\n"),
        (MODI_MITRA / MAIN).read_text("utf-8"),
        (SMALL / MAIN).read_text("utf-8"),
        "",
        "a = 1",
    ],
)
def test_every_key_and_item_has_a_line_and_nothing_else_has(text: str) -> None:
    document = read_toml(text)
    assert set(document.lines) == set(paths(tomllib.loads(text)))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a",), 2),
        (("b c", "d"), 3),
        (("e",), 4),
        (("f",), 8),
        (("h",), 11),
        (("h", 0), 12),
        (("h", 0, 1), 12),
        (("h", 1, "j", "k"), 13),
        (("h", 2), 13),
        (("l", "m]", "n"), 18),
        (("o", "p"), 19),
        (("o", "p", 0, "r", 0, "s"), 22),
        (("o", "p", 0, "r", 1, "s", "u", "v"), 24),
        (("o", "p", 1), 25),
        (("o", "p", 1, "w", "x"), 27),
        (("o", "p", 1, "unknown"), 25),
        (("unknown",), 1),
    ],
)
def test_a_key_is_found_on_its_line(path: Path, line: int) -> None:
    assert read_toml(ODD).line(path) == line


keys = st.text(st.sampled_from("ab-_9é \"'.#[]=\\\n"), min_size=1, max_size=4)
texts = st.text(st.sampled_from("ab\"'#[]{}=,\\\n\t "), max_size=8)


def quoted(text: str) -> str:
    escaped = "".join({'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}.get(c, c) for c in text)
    return f'"{escaped}"'


values = st.recursive(
    st.one_of(
        st.integers(-99, 99).map(str),
        texts.map(quoted),
        texts.map(lambda t: '"""' + quoted(t)[1:-1].replace("\\n", "\n") + '"""'),
        st.sampled_from(["true", "2026-01-01", "1e3", "'it # [is]'", "'''a\n'b''c'''"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[\n" + ", # ]\n".join(items) + "\n]"),
        st.dictionaries(keys, inner.filter(lambda v: "\n" not in v), max_size=3).map(
            lambda d: "{ " + ", ".join(f"{quoted(k)} = {v}" for k, v in d.items()) + " }"
        ),
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(keys, values, max_size=5), st.lists(st.dictionaries(keys, values, max_size=2), max_size=3)
)
def test_the_index_and_the_parser_agree_on_any_document(
    top: dict[str, str], tables: list[dict[str, str]]
) -> None:
    text = "".join(f"{quoted(key)} = {value}\n" for key, value in top.items())
    for table in tables:
        text += "[[ 'a table' ]] # [x]\n" + "".join(f"{quoted(k)} = {v}\n" for k, v in table.items())
    document = read_toml(text)
    assert set(document.lines) == set(paths(tomllib.loads(text)))
    lines = text.split("\n")
    for path, line in document.lines.items():
        assert 1 <= line <= len(lines)
        if len(path) == 1 and path[0] != "a table":
            assert lines[line - 1].startswith(quoted(str(path[0])))


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_line_inside_of_it(text: str) -> None:
    line: int | None = 1
    try:
        read_toml(text)
    except NotToml as error:
        line = error.line
    assert line is None or 1 <= line <= text.count("\n") + 1
