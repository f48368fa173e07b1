"""What the matcher does with names in memory: opens them, and hashes what they are found by."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Row

from enrolment.domain.alike import NameSound, Thresholds, name_sound, pair_codes, word_codes
from enrolment.storage.matching import Key
from mitra_shared.person_names import seal_context
from mitra_shared.security.lookup import KeyedHash
from mitra_shared.security.sealing import KeyRing

METHOD: Final = "1"
"""Changes with every change of `domain.alike` and what it stands on: then everybody is examined again."""
_BYTES: Final = 16


class NameKeys:
    """Opens names with the ring of names; hashes with a key that no other process has."""

    def __init__(self, names: KeyRing, key: KeyedHash, thresholds: Thresholds) -> None:
        self._names = names
        self._key = key
        self.thresholds = thresholds

    @property
    def digest(self) -> bytes:
        """Another one whenever key, method or thresholds are others."""
        return self._key.digest("method", METHOD, *map(repr, self.thresholds))

    def sound(self, person: Row[Any]) -> NameSound:
        """How the name of a row of `mitra` sounds.

        Raises:
            SealError: it was sealed for somebody else, with a key that is not there, or it is damaged.
        """
        return name_sound(self._names.open(person.name, context=seal_context(person.id)))

    def keys(self, person: Row[Any], sound: NameSound) -> Iterator[Key]:
        """What somebody is found by in the segment, and counted by in the constituency."""
        for code in pair_codes(sound):
            yield Key(person.id, self._hash("pair", person.campaign, person.segment, code), is_word=False)
        for code in word_codes(sound):
            yield Key(person.id, self.word(person, code), is_word=True)

    def word(self, person: Row[Any], code: str) -> bytes:
        """What a word is counted by among the people of somebody's constituency."""
        return self._hash("word", person.campaign, person.constituency, code)

    def _hash(self, *parts: str) -> bytes:
        return self._key.digest(*parts)[:_BYTES]
