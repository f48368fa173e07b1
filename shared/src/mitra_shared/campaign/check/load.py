"""From the files of a campaign to its definition, or to the list of everything that is wrong with them."""

from pathlib import Path

from mitra_shared.campaign.check.campaign_file import read_campaign
from mitra_shared.campaign.check.mistakes import (
    CampaignMistakes,
    Findings,
    Mistake,
    Place,
    UnreadableCampaign,
)
from mitra_shared.campaign.check.sources import Reader, reader_of, text_of
from mitra_shared.campaign.check.toml_lines import NotToml, TomlDocument, read_toml
from mitra_shared.campaign.definition import CampaignDefinition


def load_definition(path: Path) -> CampaignDefinition:
    """The campaign that the TOML file at `path` and the files it names define.

    Raises:
        UnreadableCampaign: the file at `path` cannot be opened.
        CampaignMistakes: it can, and something is wrong; carries every mistake.
    """
    read = reader_of(path.parent)
    try:
        read(path.name)
    except OSError as error:
        raise UnreadableCampaign(f"{path} cannot be read: {error.strerror or error}") from error
    definition, mistakes = check_files(path.name, read)
    if definition is None:
        raise CampaignMistakes(mistakes)
    return definition


def check_files(main: str, read: Reader) -> tuple[CampaignDefinition | None, list[Mistake]]:
    """The definition in the file `main` and those it names, or None and every mistake.

    `read` gives the content of a file by name; files are named relative to the folder of `main`.

    Raises:
        OSError: `main` cannot be read.
    """
    findings = Findings()
    text = text_of(main, read(main), findings)
    document = None if text is None else _parse(main, text, findings)
    definition = None if document is None else read_campaign(main, document, read, findings)
    return (None, findings.in_order()) if findings else (definition, [])


def _parse(main: str, text: str, findings: Findings) -> TomlDocument | None:
    try:
        return read_toml(text)
    except NotToml as error:
        findings.add(
            Place(main, error.line, ""),
            f"this is not TOML: {error.message}",
            'lines such as `key = "text"` or `[table]`',
        )
        return None
