"""The keys of the intake: what hides names and phones, and what finds a phone again."""

from dataclasses import dataclass
from uuid import UUID

from enrolment.receipts import Receipt, receipt_hash, receipt_of
from mitra_shared.ids import CampaignId, MitraId
from mitra_shared.person_names import seal_context
from mitra_shared.security.lookup import KeyedHash
from mitra_shared.security.sealing import KeyRing


@dataclass(frozen=True, slots=True)
class Seals:
    """Seals names and phones for one Mitra each, and hashes phones and requests with a key."""

    names: KeyRing
    phones: KeyRing
    lookup: KeyedHash

    def seal_name(self, name: str, mitra: MitraId) -> str:
        """The name, openable by whoever holds the ring of names and knows the Mitra's id."""
        return self.names.seal(name, context=seal_context(mitra))

    def seal_phone(self, phone: str, mitra: MitraId) -> str:
        """The phone, openable by whoever holds the ring of phones and knows the Mitra's id."""
        return self.phones.seal(phone, context=_phone_context(mitra))

    def open_name(self, sealed: str, mitra: MitraId) -> str:
        """The name that `seal_name` sealed.

        Raises:
            SealError: it was sealed for somebody else, with a key that is not there, or it is damaged.
        """
        return self.names.open(sealed, context=seal_context(mitra))

    def open_phone(self, sealed: str, mitra: MitraId) -> str:
        """The phone that `seal_phone` sealed.

        Raises:
            SealError: as `open_name`.
        """
        return open_phone(self.phones, sealed, mitra)

    def phone_hash(self, campaign: CampaignId, phone: str) -> bytes:
        """Finds the same phone within one campaign; phones of two campaigns cannot be matched."""
        return self.lookup.digest("phone", campaign, phone)

    def receipt(self, mitra: MitraId) -> Receipt:
        """The receipt of a person."""
        return receipt_of(mitra, self.lookup)

    def receipt_hash(self, receipt: Receipt) -> bytes:
        """Finds the person of a receipt."""
        return receipt_hash(receipt, self.lookup)

    def seal_details(self, details: str, request: UUID) -> str:
        """What a person wrote in a request, under the ring of names."""
        return self.names.seal(details, context=b"request:" + request.bytes)

    def open_details(self, sealed: str, request: UUID) -> str:
        """What a person wrote.

        Raises:
            SealError: as for the name.
        """
        return self.names.open(sealed, context=b"request:" + request.bytes)

    def seal_nominee(self, name: str, phone: str, mitra: MitraId) -> tuple[str, str]:
        """Name and phone of a nominee."""
        return (
            self.names.seal(name, context=b"nominee-name:" + mitra.bytes),
            self.phones.seal(phone, context=b"nominee-phone:" + mitra.bytes),
        )

    def open_nominee(self, name: str, phone: str, mitra: MitraId) -> tuple[str, str]:
        """Name and phone of a nominee.

        Raises:
            SealError: as for the name.
        """
        return (
            self.names.open(name, context=b"nominee-name:" + mitra.bytes),
            self.phones.open(phone, context=b"nominee-phone:" + mitra.bytes),
        )

    def seal_part(self, part: bytes, upload: UUID, number: int) -> bytes:
        """A part of an imported file, under the ring of names."""
        return self.names.seal_bytes(part, context=_part_context(upload, number))

    def open_part(self, sealed: bytes, upload: UUID, number: int) -> bytes:
        """A part of an imported file.

        Raises:
            SealError: as for the name.
        """
        return self.names.open_bytes(sealed, context=_part_context(upload, number))

    def seal_row(self, cells: str, upload: UUID, row: int) -> str:
        """The cells of a row of an import; row 0 is its layout."""
        return self.names.seal(cells, context=_row_context(upload, row))

    def open_row(self, sealed: str, upload: UUID, row: int) -> str:
        """The cells of a row.

        Raises:
            SealError: as for the name.
        """
        return self.names.open(sealed, context=_row_context(upload, row))

    def seal_values(self, values: str, upload: UUID) -> str:
        """What was said for a whole sheet, which may name who took the papers."""
        return self.names.seal(values, context=_values_context(upload))

    def open_values(self, sealed: str, upload: UUID) -> str:
        """What `seal_values` sealed.

        Raises:
            SealError: as for the name.
        """
        return self.names.open(sealed, context=_values_context(upload))

    def seal_collector(self, name: str, mitra: UUID) -> str:
        """Who took the signed paper of a person."""
        return self.names.seal(name, context=b"collector:" + mitra.bytes)

    def open_collector(self, sealed: str, mitra: UUID) -> str:
        """Who took the signed paper.

        Raises:
            SealError: as for the name.
        """
        return self.names.open(sealed, context=b"collector:" + mitra.bytes)

    def seal_paper_photo(self, photo: bytes, mitra: MitraId) -> bytes:
        """The photo of a signed paper, under the ring of names."""
        return self.names.seal_bytes(photo, context=_paper_photo_context(mitra))

    def open_paper_photo(self, sealed: bytes, mitra: MitraId) -> bytes:
        """The photo of a signed paper.

        Raises:
            SealError: as for the name.
        """
        return self.names.open_bytes(sealed, context=_paper_photo_context(mitra))

    def paper_photo_digest(self, mitra: MitraId, photo: bytes) -> bytes:
        """Tells whether the same photo is sent again."""
        return self.lookup.digest("paper-photo", mitra.bytes, photo)

    def file_digest(self, campaign: CampaignId, sha256: bytes) -> bytes:
        """Finds the same file within one campaign."""
        return self.lookup.digest("import", campaign, sha256)

    def request_digest(self, campaign: CampaignId, canonical: str) -> bytes:
        """Tells whether a repeated idempotency key comes with the same request."""
        return self.lookup.digest("request", campaign, canonical)


def open_phone(ring: KeyRing, sealed: str, mitra: MitraId) -> str:
    """A sealed phone, for whoever holds no other keys.

    Raises:
        SealError: damaged, of another person, or sealed with a key that is not in the ring.
    """
    return ring.open(sealed, context=_phone_context(mitra))


def _part_context(upload: UUID, number: int) -> bytes:
    return b"import-part:" + upload.bytes + number.to_bytes(4)


def _paper_photo_context(mitra: MitraId) -> bytes:
    return b"paper-photo:" + mitra.bytes


def _values_context(upload: UUID) -> bytes:
    return b"import-values:" + upload.bytes


def _row_context(upload: UUID, row: int) -> bytes:
    return b"import-row:" + upload.bytes + row.to_bytes(4)


def _phone_context(mitra: MitraId) -> bytes:
    return b"phone:" + mitra.bytes
