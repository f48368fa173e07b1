"""Who may read which areas: the matrix, asked of the rule itself and of every way in."""

from datetime import timedelta

import pytest

from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.security.tokens import Caller, Role
from reporting.domain.access import NotAllowed, Sight, check_sight, narrowed, reach
from reporting.domain.board import Board
from tests.factories import small_campaign
from tests.reporting.field import Field
from tests.reporting.reporting_api import ReportingApi, bearer, counted, token

HEADQUARTERS_SEES = {Sight.PROGRESS, Sight.AGGREGATES, Sight.WEBHOOKS}
SIGHTS: tuple[tuple[Role, str | None, set[Sight]], ...] = (
    (Role.HEADQUARTERS, None, HEADQUARTERS_SEES),
    (Role.STATE_COORDINATOR, "S11", {Sight.PROGRESS, Sight.AGGREGATES}),
    (Role.IN_CHARGE, "S11-PC04", {Sight.PROGRESS, Sight.AGGREGATES, Sight.STAFF, Sight.OWN}),
    (Role.CO_IN_CHARGE, "S11-PC04", {Sight.PROGRESS, Sight.OWN}),
    (Role.OPERATOR, None, {Sight.WEBHOOKS}),
    (Role.SERVICE, None, set()),
)
ROUTES: dict[tuple[str, str], set[Sight]] = {
    ("GET", "/v1/rollups"): {Sight.AGGREGATES},
    ("GET", "/v1/rollups/{area}"): {Sight.AGGREGATES},
    ("GET", "/v1/rollups/{area}/days"): {Sight.AGGREGATES},
    ("GET", "/v1/rollups/stream"): {Sight.AGGREGATES},
    ("GET", "/v1/rounds"): {Sight.AGGREGATES},
    ("GET", "/v1/opinions"): {Sight.AGGREGATES},
    ("GET", "/v1/opinions/{round}"): {Sight.AGGREGATES},
    ("GET", "/v1/pace"): {Sight.AGGREGATES},
    ("GET", "/v1/pace/{area}"): {Sight.AGGREGATES},
    ("GET", "/v1/flags"): {Sight.AGGREGATES},
    ("GET", "/v1/recruiters"): {Sight.STAFF},
    ("GET", "/v1/recruiters/me"): {Sight.OWN},
    ("GET", "/v1/exports/areas.{form}"): {Sight.AGGREGATES},
    ("GET", "/v1/exports/days.{form}"): {Sight.AGGREGATES},
    ("GET", "/v1/exports/recruiters.{form}"): {Sight.STAFF},
    ("GET", "/v1/exports/recruiter-days.{form}"): {Sight.STAFF},
    ("GET", "/v1/exports/pace.{form}"): {Sight.AGGREGATES},
    ("GET", "/v1/exports/flags.{form}"): {Sight.AGGREGATES},
    ("GET", "/v1/exports/opinions.{form}"): {Sight.AGGREGATES},
    ("GET", "/v1/briefs/{area}.pdf"): {Sight.AGGREGATES},
    ("GET", "/v1/webhooks"): {Sight.WEBHOOKS},
    ("GET", "/v1/webhooks/{webhook}"): {Sight.WEBHOOKS},
    ("DELETE", "/v1/webhooks/{webhook}"): {Sight.WEBHOOKS},
    ("POST", "/v1/webhooks/{webhook}/pause"): {Sight.WEBHOOKS},
    ("POST", "/v1/webhooks/{webhook}/resume"): {Sight.WEBHOOKS},
    ("POST", "/v1/webhooks/{webhook}/secret"): {Sight.WEBHOOKS},
    ("POST", "/v1/webhooks/{webhook}/test"): {Sight.WEBHOOKS},
    ("POST", "/v1/webhooks/{webhook}/replay"): {Sight.WEBHOOKS},
}
"""Every route that shows something, and what a caller needs to see one of."""
NEED_BOTH = {("POST", "/v1/webhooks"): {Sight.WEBHOOKS, Sight.AGGREGATES}}
"""Routes for which a caller needs to see all of these."""
FOR_EVERYBODY = {("POST", "/session"), ("DELETE", "/session"), ("GET", "/.well-known/jwks.json")}

WAYS = ("/v1/rollups", "/v1/rollups/IN", "/v1/rollups/IN/days", "/v1/rollups/stream")
SAMPLE = {"area": "S11-PC04", "round": "round-1", "webhook": "wh_none", "form": "csv"}
"""What stands in a path; all who see aggregates see this area."""
BOARD = Board(small_campaign(), 1, ())
AREAS = ("IN", "S11", "S24", "S11-PC04", "S11-PC06", "S24-PC07", "S11-AC017", "S11-AC033", "S24-AC037")
KERALA = {"S11", "S11-PC04", "S11-PC06", "S11-AC017", "S11-AC033"}
WAYANAD = {"S11-PC04", "S11-AC017"}

MATRIX: tuple[tuple[Role, str | None, set[str]], ...] = (
    (Role.HEADQUARTERS, None, set(AREAS)),
    (Role.STATE_COORDINATOR, "S11", KERALA),
    (Role.IN_CHARGE, "S11-PC04", WAYANAD),
)
READ_NOTHING: tuple[tuple[Role, str | None], ...] = (
    (Role.SERVICE, None),
    (Role.STATE_COORDINATOR, None),
    (Role.STATE_COORDINATOR, "IN"),
    (Role.STATE_COORDINATOR, "S11-PC04"),
    (Role.IN_CHARGE, None),
    (Role.IN_CHARGE, "IN"),
    (Role.IN_CHARGE, "S11"),
    (Role.IN_CHARGE, "S11-AC017"),
    (Role.CO_IN_CHARGE, "S99-PC01"),
    (Role.CO_IN_CHARGE, "S11"),
)


def caller(role: Role, area: str | None, campaign: str | None = None) -> Caller:
    return Caller(
        StaffId("test"),
        role,
        None if campaign is None else CampaignId(campaign),
        None if area is None else AreaCode(area),
    )


@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize(("role", "own", "readable"), MATRIX)
def test_each_role_reads_its_area_and_what_is_below(
    role: Role, own: str | None, readable: set[str], area: str
) -> None:
    root, _ = reach(caller(role, own), BOARD)
    if area in readable:
        assert narrowed(BOARD, root, AreaCode(area)) == area
    else:
        with pytest.raises(NotAllowed):
            narrowed(BOARD, root, AreaCode(area))


@pytest.mark.parametrize(("role", "own"), READ_NOTHING)
def test_other_roles_and_areas_of_the_wrong_level_read_nothing(role: Role, own: str | None) -> None:
    with pytest.raises(NotAllowed):
        reach(caller(role, own), BOARD)


@pytest.mark.parametrize(("role", "own", "seen"), SIGHTS)
def test_each_role_sees_what_the_matrix_says(role: Role, own: str | None, seen: set[Sight]) -> None:
    sights = reach(caller(role, own), BOARD).sights if seen else frozenset[Sight]()
    for sight in Sight:
        if sight in seen:
            check_sight(sights, frozenset({sight}))
        else:
            with pytest.raises(NotAllowed, match=sight):
                check_sight(sights, frozenset({sight}))


def test_a_token_for_another_campaign_reads_nothing() -> None:
    with pytest.raises(NotAllowed):
        reach(caller(Role.HEADQUARTERS, None, "another"), BOARD)


async def test_every_way_in_keeps_to_the_matrix(field: Field, api: ReportingApi) -> None:
    await field.apply(field.defined())
    await api.caught_up()
    for role, own, readable in MATRIX:
        for way in ("/v1/rollups/{}", "/v1/rollups/{}/days", "/v1/rollups?parent={}"):
            for area in AREAS:
                answer = await api.get(way.format(area), as_token=token(role, own))
                assert answer.status_code == (200 if area in readable else 403), (role, way, area)
                if area not in readable:
                    assert answer.json()["type"] == "urn:mitra:problem:forbidden"


async def test_lists_and_feeds_hold_only_what_may_be_read(field: Field, api: ReportingApi) -> None:
    people = [field.enrolled(segment) for segment in ("S11-AC017", "S11-AC033", "S24-AC037")]
    await field.apply([*field.defined(), *people])
    await api.caught_up()
    for role, own, readable in MATRIX:
        allowed = {
            c for c in BOARD.definition.by_code if any(BOARD.is_within(c, AreaCode(r)) for r in readable)
        }
        for level in ("nation", "state", "constituency", "segment"):
            answer = await api.get(f"/v1/rollups?level={level}", as_token=token(role, own))
            assert {area["area"] for area in answer.json()["areas"]} <= allowed
        async with api.events(as_token=token(role, own)) as events:
            assert set((await counted(events)).areas) == allowed


async def test_no_route_is_without_a_rule_and_every_route_keeps_to_it(
    field: Field, api: ReportingApi
) -> None:
    await field.apply(field.defined())
    await api.caught_up()
    document = (await api.client.get("/openapi.json")).json()
    routes = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    } - FOR_EVERYBODY
    assert routes == set(ROUTES) | set(NEED_BOTH), "a route that shows something needs its rule in ROUTES"
    for (method, path), needed in ROUTES.items():
        for role, own, seen in SIGHTS:
            headers = bearer(token(role, own))
            async with api.client.stream(method, path.format(**SAMPLE), headers=headers) as answer:
                assert (answer.status_code == 403) is not bool(seen & needed), (method, path, role)
                assert answer.status_code != 401
    for (method, path), all_needed in NEED_BOTH.items():
        for role, own, seen in SIGHTS:
            refused = await api.client.request(method, path, headers=bearer(token(role, own)))
            assert (refused.status_code == 403) is not (all_needed <= seen), (method, path, role)


async def test_whoever_reads_nothing_is_told_so(field: Field, api: ReportingApi) -> None:
    await field.apply(field.defined())
    await api.caught_up()
    for role, own in READ_NOTHING:
        for way in (*WAYS, "/"):
            assert (await api.get(way, as_token=token(role, own))).status_code == 403, (role, own, way)


async def test_without_a_token_nothing_is_read(api: ReportingApi) -> None:
    for way in WAYS:
        assert (await api.client.get(way)).json()["type"] == "urn:mitra:problem:token-missing"
        for headers in ({"Authorization": "Bearer nonsense"}, {"Cookie": "mitra_session=nonsense"}):
            refused = await api.client.get(way, headers=headers)
            assert refused.status_code == 401
            assert refused.json()["type"] == "urn:mitra:problem:token-refused"


async def test_a_session_is_a_cookie_that_scripts_cannot_read_and_other_sites_cannot_use(
    field: Field, api: ReportingApi
) -> None:
    await field.apply(field.defined())
    await api.caught_up()
    signed_in = await api.client.post("/session", headers=bearer(token(Role.IN_CHARGE, "S11-PC04")))
    cookie = signed_in.headers["set-cookie"].lower()
    assert signed_in.status_code == 204
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert (await api.client.get("/v1/rollups/S11-PC04")).status_code == 200
    assert (await api.client.get("/v1/rollups/S11-PC06")).status_code == 403
    await api.client.delete("/session")
    assert (await api.client.get("/v1/rollups/S11-PC04")).status_code == 401


async def test_a_session_cannot_be_had_with_a_token_that_is_refused(api: ReportingApi) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        answer = await api.client.post("/session", headers=headers)
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers


async def test_a_feed_ends_when_its_token_does(field: Field, api: ReportingApi) -> None:
    await field.apply(field.defined())
    await api.caught_up()
    # Tokens are accepted half a minute beyond their end; one that has almost used that up.
    ending = token(lifetime=timedelta(seconds=-25))
    async with api.events(as_token=ending) as events:
        kinds = [event.kind async for event in events]
    assert kinds[0] == "snapshot"
    assert kinds[-1] == "end"
