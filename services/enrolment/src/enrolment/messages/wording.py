"""What a message says, in the language of the person; made at the moment of sending."""

import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final
from uuid import UUID

from enrolment.clock import INDIA
from enrolment.codes import ChallengeId, code_of
from enrolment.messages.kinds import MessageKind
from enrolment.receipts import receipt_of, receipt_path
from mitra_shared.campaign.definition import Language
from mitra_shared.ids import MitraId
from mitra_shared.security.lookup import KeyedHash

_FILES: Final = Path(__file__).parent / "words"


@cache
def texts_of(language: Language) -> Mapping[str, str]:
    """The texts of a language by kind of message."""
    with (_FILES / f"{language}.toml").open("rb") as file:
        return tomllib.load(file)


class Wording:
    """Words messages; `people_url` is where people reach their pages."""

    def __init__(self, key: KeyedHash, people_url: str) -> None:
        self._key = key
        self._people_url = people_url.rstrip("/")

    def text(
        self, kind: MessageKind, mitra: MitraId, facts: Mapping[str, str], language: Language, campaign: str
    ) -> str:
        """The text of one message.

        Raises:
            ValueError, KeyError: the facts are not those that `messages.kinds` asks for.
        """
        places = {"campaign": campaign, "link": self._people_url + receipt_path(receipt_of(mitra, self._key))}
        match kind:
            case MessageKind.CODE:
                places["code"] = code_of(ChallengeId(UUID(facts["challenge"])), self._key)
            case MessageKind.ERASURE_NOTICE:
                due = datetime.fromisoformat(facts["due_at"]).astimezone(INDIA)
                places["due"] = due.strftime("%d-%m-%Y %H:%M")
            case _:
                pass
        return texts_of(language)[kind.value].format_map(places)
