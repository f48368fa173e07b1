import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from certificates.rendering.code import SMALLEST_MODULE, CodePicture, TooMuchForACode, code_picture

BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
ADDRESS = "https://mitra.example.org/v#"


def drawn(code: CodePicture, scale: int = 4) -> Image.Image:
    """The path of the picture, drawn by the letter: only M, m and h occur in it."""
    path = code.svg.partition(' d="')[2].partition('"')[0]
    side = (code.modules + 8) * scale
    image = Image.new("L", (side, side), 255)
    pen = ImageDraw.Draw(image)
    across = down = 0.0
    for step in path.replace("M", "|M").replace("m", "|m").replace("h", "|h").split("|")[1:]:
        match step[0]:
            case "M":
                across, down = map(float, step[1:].split())
            case "m":
                across += float(step[1:].split()[0])
            case _:
                start, across = across, across + float(step[1:])
                left, top = (start + 4) * scale, (down - 0.5 + 4) * scale
                pen.rectangle((left, top, (across + 4) * scale - 1, top + scale - 1), fill=0)
    return image


@given(st.text(BASE32, min_size=1, max_size=1_300))
def test_the_drawn_code_reads_as_the_text_it_was_made_of(text: str) -> None:
    read = zxingcpp.read_barcode(drawn(code_picture(ADDRESS + text)))
    assert read is not None
    assert read.text == ADDRESS + text


def test_a_usual_code_is_thirty_millimetres_with_medium_correction() -> None:
    code = code_picture(ADDRESS + "A2B7" * 100)
    assert code.millimetres == 30
    assert code.modules * SMALLEST_MODULE <= 30
    read = zxingcpp.read_barcode(drawn(code))
    assert read is not None
    assert read.ec_level == "M"


def test_a_long_code_grows_until_its_modules_can_be_printed() -> None:
    code = code_picture(ADDRESS + "A2B7" * 300)
    assert 30 < code.millimetres < 42
    assert code.millimetres / code.modules >= SMALLEST_MODULE


def test_more_than_a_code_can_hold_is_refused() -> None:
    with pytest.raises(TooMuchForACode, match="6028 characters"):
        code_picture(ADDRESS + "A" * 6_000)
