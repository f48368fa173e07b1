"""campaign.toml, table by table: what fits goes on to the checks across tables, what does not is noted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from mitra_shared.campaign.check.area_files import read_areas
from mitra_shared.campaign.check.csv_rows import read_rows
from mitra_shared.campaign.check.dates import check_dates
from mitra_shared.campaign.check.fields import fits, fitting_fields, unknown_name
from mitra_shared.campaign.check.goals import check_coverage, check_goals
from mitra_shared.campaign.check.messages import check_messages
from mitra_shared.campaign.check.mistakes import Findings, quoted
from mitra_shared.campaign.check.notices import LANGUAGES, check_in_force, check_notices, note_empty
from mitra_shared.campaign.check.origins import TomlOrigin, Written
from mitra_shared.campaign.check.rounds import WrittenRound, check_rounds
from mitra_shared.campaign.check.schemes import check_schemes, written_schemes
from mitra_shared.campaign.check.sources import Reader, named_text
from mitra_shared.campaign.check.toml_lines import TomlDocument
from mitra_shared.campaign.check.topics import check_topics
from mitra_shared.campaign.check.tree import WrittenAreas, check_tree
from mitra_shared.campaign.check.written import AreaFiles, Header, NoticeFiles, RoundHeader, SchemeRow
from mitra_shared.campaign.definition import (
    CampaignDefinition,
    ConsentNotice,
    Goal,
    Level,
    Question,
    Scheme,
    Topic,
)

_TABLES = ("areas", "goals", "notices", "rounds", "topics")


def read_campaign(
    main: str, document: TomlDocument, read: Reader, findings: Findings
) -> CampaignDefinition | None:
    """The definition that `document` and the files it names hold; None if that cannot be told."""
    return _CampaignFile(TomlOrigin(main, document), read, findings).read()


@dataclass(frozen=True, slots=True)
class _CampaignFile:
    origin: TomlOrigin
    reader: Reader
    findings: Findings

    def read(self) -> CampaignDefinition | None:
        content = self.origin.document.content
        header = self._fields(content, Header, self.origin, _TABLES)
        areas, goals = self._areas_and_goals(content)
        schemes = self._schemes(header.get("schemes"))
        notices = self._notices(content)
        rounds = self._rounds(content)
        topics = self._topics(content)
        starts_on, target_date = header.get("starts_on"), header.get("target_date")
        check_dates(self.origin, starts_on, target_date, header.get("boundaries"), self.findings)
        check_messages(header.get("messages"), self.origin.inside("messages"), self.findings)
        if starts_on and notices:
            check_in_force(notices, starts_on, self.origin.place("notices"), self.findings)
        check_rounds(rounds, starts_on, target_date, self.findings)
        if self.findings:
            return None
        parts = {
            **header,
            "name": header["name"].model_dump(),
            "areas": [area.value for area in areas.areas],
            "goals": [goal.value for goal in goals],
            "schemes": [scheme.value for scheme in schemes],
            "notices": [notice.value for notice in notices],
            "rounds": [
                {
                    "id": one.id,
                    "name": one.name,
                    "opens_on": one.opens_on,
                    "closes_on": one.closes_on,
                    "questions": [question.value for question in one.questions],
                }
                for one in rounds
            ],
            "topics": [topic.value for topic in topics],
        }
        return self._assembled(parts)

    def _assembled(self, parts: Mapping[str, Any]) -> CampaignDefinition | None:
        try:
            return CampaignDefinition.model_validate(parts)
        except ValidationError as error:
            for found in error.errors(include_url=False, include_input=False):
                self.findings.add(
                    self.origin.place(*found["loc"]), found["msg"], "a definition that fits its model"
                )
            return None

    def _areas_and_goals(self, content: Mapping[str, Any]) -> tuple[WrittenAreas, list[Written[Goal]]]:
        before = len(self.findings)
        areas = self._areas(content.get("areas"))
        check_tree(areas, self.findings)
        goals = [
            Written(goal, origin)
            for raw, origin in self._items(content, "goals", self.origin)
            if (goal := fits(Goal, raw, origin, self.findings))
        ]
        check_goals(goals, areas, self.findings)
        if len(self.findings) == before:
            check_coverage(
                goals, [area.value for area in areas.areas], self.origin.place("goals"), self.findings
            )
        return areas, goals

    def _areas(self, raw: object) -> WrittenAreas:
        origin = self.origin.inside("areas")
        if raw is None:
            self.findings.add(
                origin.place(), "it is missing", f"a table [areas] with {', '.join(AreaFiles.model_fields)}"
            )
        elif not isinstance(raw, Mapping):
            self.findings.add(origin.place(), f"{quoted(raw)} is of the wrong kind", "a table [areas]")
        else:
            return read_areas(raw, origin, self.reader, self.findings)
        return WrittenAreas(unsure=set(Level))

    def _schemes(self, name: str | None) -> list[Written[Scheme]]:
        text = name and named_text(name, self.origin.place("schemes"), self.reader, self.findings)
        if name is None or text is None:
            return []
        schemes = written_schemes(name, read_rows(name, text, SchemeRow, self.findings).rows)
        check_schemes(schemes, self.findings)
        return schemes

    def _notices(self, content: Mapping[str, Any]) -> list[Written[ConsentNotice]]:
        notices: list[Written[ConsentNotice]] = []
        for raw, origin in self._items(content, "notices", self.origin):
            given = self._fields(raw, NoticeFiles, origin)
            for language in LANGUAGES:
                place = origin.place(language)
                text = language in given and named_text(given[language], place, self.reader, self.findings)
                if isinstance(text, str) and not text.strip():
                    note_empty(place, self.findings)
                elif text and "version" in given and "in_force_from" in given:
                    notice = ConsentNotice(
                        version=given["version"],
                        language=language,
                        in_force_from=given["in_force_from"],
                        text=text.strip(),
                    )
                    notices.append(Written(notice, origin))
        check_notices(notices, self.findings)
        return notices

    def _rounds(self, content: Mapping[str, Any]) -> list[WrittenRound]:
        rounds: list[WrittenRound] = []
        for raw, origin in self._items(content, "rounds", self.origin, needed=False):
            one = WrittenRound(origin, **self._fields(raw, RoundHeader, origin, ("questions",)))
            for question, at in self._items(raw, "questions", origin):
                if sound := fits(Question, question, at, self.findings):
                    one.questions.append(Written(sound, at))
            rounds.append(one)
        return rounds

    def _topics(self, content: Mapping[str, Any]) -> list[Written[Topic]]:
        topics = [
            Written(topic, origin)
            for raw, origin in self._items(content, "topics", self.origin, needed=False)
            if (topic := fits(Topic, raw, origin, self.findings))
        ]
        check_topics(topics, self.findings)
        return topics

    def _fields(
        self, raw: Mapping[str, Any], model: type[BaseModel], origin: TomlOrigin, apart: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """The sound fields of a table; `apart` are keys of it that are read by themselves."""
        known = [*model.model_fields, *apart]
        for key in raw:
            if key not in known:
                wrong, right = unknown_name(key, [k for k in known if k not in raw] or known, kind="key")
                self.findings.add(origin.place(key), wrong, right)
        own = {key: value for key, value in raw.items() if key in model.model_fields}
        return fitting_fields(model, own, origin, self.findings)

    def _items(
        self, table: Mapping[str, Any], key: str, origin: TomlOrigin, *, needed: bool = True
    ) -> Iterator[tuple[Mapping[str, Any], TomlOrigin]]:
        """The tables of a list of tables, each with its origin."""
        name = ".".join(part for part in (*origin.path, key) if isinstance(part, str))
        raw = table.get(key)
        if not raw and isinstance(raw, list | None):
            if needed:
                self.findings.add(origin.place(key), "it is missing", f"at least one table [[{name}]]")
        elif not isinstance(raw, list):
            self.findings.add(origin.place(key), f"{quoted(raw)} is of the wrong kind", f"tables [[{name}]]")
        else:
            for index, item in enumerate(raw):
                at = origin.inside(key, index)
                if isinstance(item, Mapping):
                    yield item, at
                else:
                    self.findings.add(
                        at.place(), f"{quoted(item)} is of the wrong kind", f"a table [[{name}]]"
                    )
