"""What it looks like is pinned: one picture per script, rasterised by pdfium; `golden/README.md` says how.

The fonts are those of the wheels, so Urdu is in Noto Sans Arabic here; `test_fitting` looks at Nastaliq.
"""

from datetime import UTC, datetime

import pytest
from PIL import Image, ImageChops, ImageStat

from certificates.rendering.manifest import Manifest, ManifestRow, manifest_data
from certificates.rendering.sample import NAMES, sample_page
from certificates.rendering.typesetter import Typesetter
from mitra_shared.campaign.definition import Language
from tests.certificates.rendering.looking import GOLDEN, picture

DOTS_PER_INCH = 50
LARGEST_DIFFERENCE = 48
"""Of one pixel, of 255: edges may fall a little differently."""
MEAN_DIFFERENCE = 0.5

CASES: dict[str, tuple[Language, str | None]] = {
    "latin": ("en", None),
    "devanagari": ("hi", None),
    "arabic": ("ur", None),
    "mixed": ("en", "Amina राजेश्वरी محمد یوسف"),
    "wrapped": ("hi", "श्रीमती राजेश्वरी क्षत्रिय द्विवेदी कृष्णमूर्ति वेंकटेश्वरन अय्यंगार"),
}


def certificate(typesetter: Typesetter, case: str) -> Image.Image:
    language, name = CASES[case]
    return picture(typesetter.pdf(sample_page(language, name), language), dots_per_inch=DOTS_PER_INCH)


def listing(typesetter: Typesetter) -> Image.Image:
    rows = tuple(
        ManifestRow(f"S11-AC019-{place:04}", name, "S11-PC04/co-in-charge-01")
        for place, name in enumerate(list(NAMES.values()) * 3, start=1)
    )
    made_at = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
    manifest = Manifest("Modi Mitra", "Kalpetta, Wayanad", "en", made_at, rows)
    return picture(typesetter.manifest(manifest_data(manifest), made_at=made_at), dots_per_inch=DOTS_PER_INCH)


def assert_same_look(made: Image.Image, golden: str) -> None:
    with Image.open(GOLDEN / f"{golden}.png") as pinned:
        assert made.size == pinned.size
        difference = ImageChops.difference(made.convert("L"), pinned.convert("L"))
    assert ImageStat.Stat(difference).extrema[0][1] <= LARGEST_DIFFERENCE
    assert ImageStat.Stat(difference).mean[0] <= MEAN_DIFFERENCE


@pytest.mark.parametrize("case", CASES)
def test_a_certificate_looks_as_it_is_pinned(typesetter: Typesetter, case: str) -> None:
    assert_same_look(certificate(typesetter, case), case)


def test_the_list_of_a_sheet_looks_as_it_is_pinned(typesetter: Typesetter) -> None:
    assert_same_look(listing(typesetter), "list")


def test_another_name_does_not_look_the_same(typesetter: Typesetter) -> None:
    other = picture(typesetter.pdf(sample_page("en", "Amina Begum"), "en"), dots_per_inch=DOTS_PER_INCH)
    with pytest.raises(AssertionError):
        assert_same_look(other, "latin")


def renew() -> None:
    typesetter = Typesetter(system_fonts=False)
    for case in CASES:
        certificate(typesetter, case).quantize(64).save(GOLDEN / f"{case}.png", optimize=True)
    listing(typesetter).quantize(64).save(GOLDEN / "list.png", optimize=True)


if __name__ == "__main__":
    renew()
