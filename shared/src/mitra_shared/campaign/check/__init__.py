"""The checker: reads a campaign from TOML and CSV, or lists every mistake in it.

    campaign.toml and its files -> sources -> toml_lines, csv_rows -> fields (against `written`)
        -> tree, goals, messages, notices, rounds, schemes, dates -> `CampaignDefinition`

Nothing here talks to a service; `mitra campaign check` and `mitra campaign load` are its callers, and the
enrolment service for what was sent to it (`definition_check`, `redrawing`).
"""

from mitra_shared.campaign.check.definition_check import mistakes_in
from mitra_shared.campaign.check.load import check_files, load_definition
from mitra_shared.campaign.check.mistakes import CampaignMistakes, Mistake, UnreadableCampaign
from mitra_shared.campaign.check.redrawing import redrawn

__all__ = [
    "CampaignMistakes",
    "Mistake",
    "UnreadableCampaign",
    "check_files",
    "load_definition",
    "mistakes_in",
    "redrawn",
]
