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
        places = {"campaign": campaign, "link": self._link(mitra)}
        match kind:
            case MessageKind.CODE:
                places["code"] = code_of(ChallengeId(UUID(facts["challenge"])), self._key)
            case MessageKind.ERASURE_NOTICE:
                due = datetime.fromisoformat(facts["due_at"]).astimezone(INDIA)
                places["due"] = due.strftime("%d-%m-%Y %H:%M")
            case _:
                pass
        return texts_of(language)[kind.value].format_map(places)

    def broadcast(
        self, mitra: MitraId, texts: Mapping[Language, str], language: Language, campaign: str
    ) -> str:
        """The text of a broadcast to one person, with the way to have no more."""
        return broadcast_text(texts, language, campaign, self._link(mitra))

    def _link(self, mitra: MitraId) -> str:
        return self._people_url + receipt_path(receipt_of(mitra, self._key))


def broadcast_text(texts: Mapping[Language, str], language: Language, campaign: str, link: str) -> str:
    """What somebody of `language` is told: in that language, or in English where that was not given."""
    text = texts.get(language, texts["en"])
    return texts_of(language)[MessageKind.BROADCAST.value].format(campaign=campaign, text=text, link=link)
