"""Any damage to the files is found, or leaves a definition that is sound by an independent judgement."""

import re
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.campaign.files import MODI_MITRA, SMALL, Files, checked, files_of
from tests.campaign.soundness import assert_sound

TOKEN = re.compile(r"[\w-]+")
ODDITIES = [
    "",
    "\0",
    "\ufeff",
    '"',
    "'",
    ",",
    "\n",
    "\r",
    "[",
    "]",
    "=",
    "#",
    "-1",
    "0",
    "९",
    "9" * 30,
    "religion",
    "é",
]


def lines_changed(text: str, random: Random) -> str:
    """A line lost, doubled, moved, or put in the place of another."""
    lines = text.split("\n")
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(4):
        case 0:
            del lines[one]
        case 1:
            lines.insert(other, lines[one])
        case 2:
            lines[one], lines[other] = lines[other], lines[one]
        case _:
            lines[one] = lines[other]
    return "\n".join(lines)


def tokens_changed(text: str, random: Random) -> str:
    """A word put in the place of another one of the same file, or a few characters lost."""
    tokens = list(TOKEN.finditer(text)) or list(re.finditer("", text))
    one, other = random.choice(tokens), random.choice(tokens)
    if random.randrange(4) == 0:
        return text[: one.start()] + text[min(one.start() + random.randrange(1, 5), len(text)) :]
    return text[: one.start()] + other.group() + text[one.end() :]


def oddity_put_in(text: str, random: Random) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(ODDITIES) + text[at:]


def number_changed(text: str, random: Random) -> str:
    numbers = list(re.finditer(r"\d+", text))
    if not numbers:
        return text
    one = random.choice(numbers)
    return text[: one.start()] + str(int(one.group()) + random.choice([-1, 1, 20, -20])) + text[one.end() :]


def cut_off(text: str, random: Random) -> str:
    return text[: random.randrange(len(text) + 1)]


def blocks_changed(text: str, random: Random) -> str:
    """A whole table of TOML lost, doubled or moved: still well-formed, and perhaps without sense."""
    blocks = re.split(r"\n(?=\[)", text)
    one, other = random.randrange(len(blocks)), random.randrange(len(blocks))
    match random.randrange(3):
        case 0:
            del blocks[one]
        case 1:
            blocks.insert(one, blocks[one])
        case _:
            blocks[one], blocks[other] = blocks[other], blocks[one]
    return "\n".join(blocks)


def values_exchanged(text: str, random: Random) -> str:
    """A value in the place of another one of the same kind or, in CSV, of the same column."""
    lines = text.split("\n")
    pairs = [(n, *line.partition(" = ")[::2]) for n, line in enumerate(lines) if re.match(r"\w+ = ", line)]
    if pairs:
        at, key, _ = random.choice(pairs)
        values = [value for _, other, value in pairs if other.split("_")[-1] == key.split("_")[-1]]
        lines[at] = f"{key} = {random.choice(values)}"
        return "\n".join(lines)
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    cells, other_cells = lines[one].split(","), lines[other].split(",")
    if len(cells) == len(other_cells):
        column = random.randrange(len(cells))
        cells[column] = other_cells[column]
        lines[one] = ",".join(cells)
    return "\n".join(lines)


def goal_changed(text: str, random: Random) -> str:
    """A goal that is no longer active, or only that of one area."""
    starts = [match.end() for match in re.finditer(r"\[\[goals\]\]\n", text)]
    if not starts:
        return text
    at = random.choice(starts)
    more = random.choice(["active = false", 'area = "S11-PC04"', 'area = "S11-AC017"'])
    return f"{text[:at]}{more}\n{text[at:]}"


CHANGES = [lines_changed, tokens_changed, oddity_put_in, cut_off]
CHANGES += [number_changed, blocks_changed, values_exchanged, goal_changed] * 2


def damaged(files: Files, random: Random) -> Files:
    files = dict(files)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        name = random.choice([*sorted(files), *["campaign.toml"] * 5])
        if random.randrange(30) == 0:
            del files[name]
            if name == "campaign.toml" or not files:
                files["campaign.toml"] = b""
            continue
        text = files[name].decode("utf-8", "surrogateescape")
        files[name] = random.choice(CHANGES)(text, random).encode("utf-8", "surrogateescape")
        if random.randrange(30) == 0:
            at = random.randrange(len(files[name]) + 1)
            files[name] = files[name][:at] + bytes([random.randrange(256)]) + files[name][at:]
    return files


def assert_found_or_sound(files: Files) -> bool:
    """Whether the files passed; fails if they passed and are not sound, or were refused without reasons."""
    definition, mistakes = checked(files)
    assert (definition is None) == bool(mistakes)
    for mistake in mistakes:
        assert mistake.file in files
        assert mistake.wrong
        assert mistake.right
        if mistake.line is not None:
            text = files[mistake.file].decode("utf-8", "replace")
            assert 1 <= mistake.line <= len(re.split(r"\r\n|\r|\n", text))
    if definition is None:
        return False
    assert_sound(definition)
    return True


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(random=st.randoms(use_true_random=False))
def test_a_damaged_small_campaign_is_found_or_still_sound(random: Random) -> None:
    assert_found_or_sound(damaged(files_of(SMALL), random))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(random=st.randoms(use_true_random=False))
def test_a_damaged_modi_mitra_campaign_is_found_or_still_sound(random: Random) -> None:
    assert_found_or_sound(damaged(files_of(MODI_MITRA), random))


@settings(max_examples=200, deadline=None)
@given(name=st.sampled_from(sorted(files_of(SMALL))), content=st.binary(max_size=200))
def test_any_bytes_in_the_place_of_a_file_are_no_crash(name: str, content: bytes) -> None:
    assert_found_or_sound(files_of(SMALL) | {name: content})


@pytest.mark.parametrize("folder", [SMALL, MODI_MITRA])
def test_the_undamaged_campaigns_pass_and_are_sound(folder: Path) -> None:
    assert assert_found_or_sound(files_of(folder))
