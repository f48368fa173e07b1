"""The files of a campaign in memory, so that a test can change one place in them and look at what is said."""

from collections.abc import Mapping
from pathlib import Path

from mitra_shared.campaign.check import Mistake, check_files
from mitra_shared.campaign.definition import CampaignDefinition

ROOT = Path(__file__).parent.parent.parent
MODI_MITRA = ROOT / "campaigns" / "modi-mitra"
SMALL = ROOT / "tests" / "campaigns" / "small"
MAIN = "campaign.toml"

Files = dict[str, bytes]


def files_of(folder: Path) -> Files:
    """Every file of a campaign by its name inside the folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def checked(files: Mapping[str, bytes]) -> tuple[CampaignDefinition | None, list[Mistake]]:
    """What the checker says of these files."""

    def read(name: str) -> bytes:
        if name not in files:
            raise FileNotFoundError(name)
        return files[name]

    return check_files(MAIN, read)


def small(*changes: tuple[str, str], file: str = MAIN) -> Files:
    """The small campaign with each (old, new) replaced in `file`; each old text is there exactly once."""
    files = files_of(SMALL)
    text = files[file].decode()
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    files[file] = text.encode()
    return files


def mistakes_after(*changes: tuple[str, str], file: str = MAIN) -> list[Mistake]:
    """The mistakes in the small campaign after `changes`."""
    return checked(small(*changes, file=file))[1]


def only(mistakes: list[Mistake]) -> Mistake:
    """The one mistake there is."""
    assert len(mistakes) == 1, "\n".join(map(str, mistakes))
    return mistakes[0]


def line_of(text: str, file: str = MAIN, folder: Path = SMALL) -> int:
    """The line (from 1) of a file of the unchanged campaign that holds `text`."""
    lines = (folder / file).read_text("utf-8").splitlines()
    (number,) = (n for n, line in enumerate(lines, 1) if text in line)
    return number
