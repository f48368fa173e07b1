"""Setting a sheet: its certificates opened, set in one PDF, and listed; those that fail are found and left.

The pages follow from the sheet's members alone: the same certificates in the same order, however often it is
made. What is revoked meanwhile is left out.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from certificates.domain.certificate import visible_number
from certificates.issuer import Issuer, UnknownFormat
from certificates.press.store import Part
from certificates.rendering.manifest import Manifest, ManifestRow, manifest_csv
from certificates.rendering.page import Page
from certificates.rendering.pool import RenderPool
from certificates.storage import credentials, sheets
from certificates.storage.press_jobs import Stage
from certificates.storage.sheets import Sheet
from mitra_shared.security.sealing import SealError
from mitra_shared.typesetting.pool import RenderFailed

MOST_FAILED: Final = 20
"""Certificates of one sheet that cannot be set; with more the template is to blame, not they."""
_OPENED_TOGETHER: Final = 50

log = get_logger(__name__)


class TooManyFail(Exception):
    """So many certificates cannot be set that it cannot be their fault."""


@dataclass(slots=True)
class Progress:
    """How far a sheet is, for whoever watches."""

    stage: Stage
    prepared: int
    total: int


@dataclass(frozen=True, slots=True)
class SheetSet:
    """What came of a sheet: files, unless no page is left; who is on them, and who cannot be, by place."""

    parts: Mapping[Part, bytes]
    places: Sequence[int]
    failed: Mapping[int, str]


class _Opened(NamedTuple):
    place: int
    page: Page
    row: ManifestRow


@dataclass(slots=True)
class SheetSetting:
    """One attempt at one sheet."""

    engine: AsyncEngine
    issuer: Issuer
    pool: RenderPool
    sheet: Sheet
    progress: Progress
    failed: dict[int, str] = field(default_factory=dict)

    async def set(self) -> SheetSet:
        """Make all files.

        Raises:
            TooManyFail: the template or the keys are to blame.
            RenderFailed: the list cannot be set, or a certificate that could be a moment ago.
            PoolBusy, PoolClosed: no worker is free; try again.
        """
        opened = await self._open()
        self.progress.stage = Stage.TYPESETTING
        certificates, opened = await self._certificates(opened)
        if not opened:
            return SheetSet({}, (), self.failed)
        manifest = self._manifest(opened)
        parts = {
            Part.CERTIFICATES: certificates,
            Part.MANIFEST: await self.pool.manifest(manifest),
            Part.TABLE: manifest_csv(manifest),
        }
        return SheetSet(parts, [each.place for each in opened], self.failed)

    @property
    def _title(self) -> str:
        return f"{self.sheet.segment}, {self.sheet.count} certificates, {self.sheet.made_at:%d-%m-%Y}"

    def _manifest(self, opened: Sequence[_Opened]) -> Manifest:
        facts = opened[0].page.facts
        return Manifest(
            facts.campaign_name.en,
            f"{facts.segment_name.en}, {facts.constituency_name.en}",
            "en",
            self.sheet.made_at,
            tuple(each.row for each in opened),
        )

    async def _open(self) -> Sequence[_Opened]:
        """The certificates that are valid and can be opened."""
        async with self.engine.connect() as connection:
            members = await sheets.members(connection, self.sheet.id)
            wanted = [each for each in members if each.failed is None and not each.is_revoked]
            found = await credentials.find(connection, [each.credential for each in wanted])
        self.progress.total = len(wanted)
        stored = {each.id: each for each in found if each.revoked_at is None}
        opened = []
        for count, member in enumerate(wanted, start=1):
            if member.credential not in stored:
                continue
            try:
                secured = self.issuer.open(stored[member.credential])
            except (SealError, UnknownFormat) as error:
                self._fail(member.place, f"it cannot be opened: {type(error).__name__}")
                continue
            page = Page(secured.facts, secured.qr, secured.jwt)
            number = visible_number(self.sheet.segment, member.serial)
            row = ManifestRow(number, secured.facts.holder_name, member.recruiter or "")
            opened.append(_Opened(member.place, page, row))
            if count % _OPENED_TOGETHER == 0:
                self.progress.prepared = count
                await asyncio.sleep(0)
        return opened

    async def _certificates(self, opened: Sequence[_Opened]) -> tuple[bytes, Sequence[_Opened]]:
        """All pages in one PDF, without those that cannot be set, which are found out if it fails."""
        if not opened:
            return b"", opened
        self.progress.prepared, self.progress.total = 0, len(opened)
        try:
            return await self._together(opened), opened
        except RenderFailed as error:
            log.warning("a sheet cannot be set whole", sheet=str(self.sheet.id), why=str(error))
        await self._find_failing(opened)
        rest = [each for each in opened if each.place not in self.failed]
        return (await self._together(rest), rest) if rest else (b"", rest)

    async def _together(self, opened: Sequence[_Opened]) -> bytes:
        def tell(prepared: int, _pages: int) -> None:
            self.progress.prepared = prepared

        pages = [(each.page, each.page.facts.language) for each in opened]
        return await self.pool.sheet(pages, title=self._title, made_at=self.sheet.made_at, tell=tell)

    async def _find_failing(self, opened: Sequence[_Opened]) -> None:
        """Halve what fails until single certificates are left."""
        suspects = [opened]
        while suspects:
            suspected = suspects.pop()
            try:
                await self._together(suspected)
            except RenderFailed as error:
                if len(suspected) == 1:
                    self._fail(suspected[0].place, str(error))
                else:
                    middle = len(suspected) // 2
                    suspects += [suspected[middle:], suspected[:middle]]

    def _fail(self, place: int, why: str) -> None:
        self.failed[place] = why
        if len(self.failed) > MOST_FAILED:
            raise TooManyFail(f"more than {MOST_FAILED} certificates cannot be set, the last because {why}")
