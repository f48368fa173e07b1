import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from certificates.rendering.code import SMALLEST_MODULE, CodePicture, code_picture
from mitra_shared.qr_code import TooMuchForACode
from tests.drawn_code import drawn_code

BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
ADDRESS = "https://mitra.example.org/v#"


def drawn(code: CodePicture) -> Image.Image:
    """The path of the picture, drawn by the letter."""
    return drawn_code(code.modules, code.svg.partition(' d="')[2].partition('"')[0])


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
