"""A whole environment: what it registers for the project's own stack files."""

from __future__ import annotations

import json

import pytest

from components.environment import Environment
from components.naming import SERVICES
from components.settings import Certificates, load
from components.settings.data import Rotation
from components.settings.placeholders import SECRET
from tests.components.recording import KEY_BODY, PASSWORD, Recording, record, stack_settings
from tests.components.settings.example import HOST_KEY, changed

STACKS = ("prod", "qa", "local")
REMOTE = "command:remote:Command"
SECRETS = (PASSWORD, KEY_BODY, SECRET, "PRIVATE KEY-----")
every_stack = pytest.mark.parametrize("stack", STACKS)


@every_stack
def test_each_thing_of_the_document_is_there_once(recordings: dict[str, Recording], stack: str) -> None:
    recording = recordings[stack]
    once = ("environment:Environment", "postgres:PostgresServer", "rabbitmq:Rabbitmq", "backup:Backup",
            "gateway:Gateway", "frontend:Frontend", "microservice:Runtime", "certificate:Certificate")  # fmt: skip
    assert [len(recording.of(f"dhanman:{kind}")) for kind in once] == [1] * len(once)
    for kind in ("microservice:Microservice", "postgres:Database"):
        assert sorted(r.name for r in recording.of(f"dhanman:{kind}")) == sorted(SERVICES)


@every_stack
def test_every_resource_hangs_under_the_environment(recordings: dict[str, Recording], stack: str) -> None:
    recording = recordings[stack]
    parents = {r.urn: r.parent for r in recording.resources}
    (root,) = [r.urn for r in recording.of("dhanman:environment:Environment")]
    for resource in recording.resources:
        urn = resource.urn
        while urn != root and resource.type != "pulumi:pulumi:Stack":
            assert parents.get(urn), f"{resource.urn} hangs under nothing"
            urn = parents[urn]


@every_stack
def test_no_two_resources_share_a_urn(recordings: dict[str, Recording], stack: str) -> None:
    urns = [r.urn for r in recordings[stack].resources]
    assert len(urns) == len(set(urns))


@pytest.mark.parametrize(("stack", "commands", "copies"), [("prod", 32, 0), ("qa", 32, 0), ("local", 27, 7)])
def test_an_environment_on_one_host_is_few_connections(
    recordings: dict[str, Recording], stack: str, commands: int, copies: int
) -> None:
    recording = recordings[stack]
    found = len(recording.of(REMOTE)), len(recording.of("command:remote:CopyToRemote"))
    assert found == (commands, copies)
    assert sum(found) < 40


@every_stack
def test_what_holds_data_is_protected_in_prod_and_qa_alone(
    recordings: dict[str, Recording], stack: str
) -> None:
    protected = {r.name for r in recordings[stack].resources if r.protect and r.custom}
    data = {"postgres-password", "postgres-server", "rabbitmq-password", "rabbitmq-server", "rabbitmq-vhost",
            "backup-passphrase", "host-backup-passphrase"}  # fmt: skip
    data |= {f"{service}-database" for service in SERVICES}
    data |= {
        "object-storage-server",
        "object-storage-buckets",
        "object-backup-timers",
        "object-backup-passphrase",
    }
    assert protected - {"backup-bucket-b2"} == (data if stack != "local" else set())


@every_stack
def test_every_unit_and_every_connection_travels_as_a_secret(
    recordings: dict[str, Recording], stack: str
) -> None:
    for resource in recordings[stack].remote:
        assert resource.is_secret("connection"), resource.name
        if "delete" in resource.inputs and not resource.name.endswith("-hostctl"):
            assert resource.is_secret("stdin"), resource.name


@every_stack
def test_no_secret_is_in_a_command_or_a_plain_input(recordings: dict[str, Recording], stack: str) -> None:
    used = 0
    for resource in recordings[stack].resources:
        # Cloudflare's provider marks its own token; it is no input of a command
        if resource.type.startswith("pulumi:providers:"):
            continue
        shown = json.dumps(resource.masked())
        assert not [s for s in SECRETS if s in shown], resource.name
        used += PASSWORD in json.dumps(resource.inputs)
    objects = 0 if stack == "local" else 3
    assert used == 4 + objects + len(SERVICES), "roles, vhost, backups, objects and services are given one"


@every_stack
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_waits_for_its_database_its_vhost_and_its_runtime(
    recordings: dict[str, Recording], stack: str, service: str
) -> None:
    before = recordings[stack].before(f"{service}-service")
    assert before >= {f"{service}-database", "postgres-roles", "rabbitmq-vhost", "runtime-packages"}
    others = {f"{other}-service" for other in SERVICES} & before
    assert not others, "a service waits for no other one"


@every_stack
def test_nothing_is_applied_to_a_host_before_its_access_is_confirmed(
    recordings: dict[str, Recording], stack: str
) -> None:
    recording = recordings[stack]
    (confirmation,) = [r.name for r in recording.of(REMOTE) if r.name.endswith("over-a-new-connection")]
    host = confirmation.removesuffix("-access-over-a-new-connection")
    first = {f"{host}-{role}" for role in ("bootstrap-user", "bootstrap-hostctl", "base", "access")}
    for resource in recording.remote:
        if resource.name not in first | {confirmation}:
            assert recording.before(resource.name) >= first | {confirmation}, resource.name


@every_stack
def test_no_input_comes_from_what_a_command_said(recordings: dict[str, Recording], stack: str) -> None:
    recording = recordings[stack]
    commands = {r.urn for r in recording.resources if r.type.startswith("command:")}
    # the provider tells a key once, when it is made; nothing that is edited often goes into making it
    commands -= {
        r.urn for r in recording.resources if r.name.startswith("backup-bucket-") and r.name.endswith("-key")
    }
    for resource in recording.resources:
        for name, urns in resource.property_dependencies.items():
            assert not urns & commands, f"{resource.name}.{name} is unknown in every preview of an update"


@pytest.fixture(scope="module")
def rotated() -> Recording:
    """The qa stack after one rotation of each secret."""
    settings = stack_settings("qa")
    turned = settings.model_copy(update={"rotation": Rotation(postgres=1, rabbitmq=1)})
    return record(lambda: Environment(turned), stack="qa")


def test_the_former_login_is_retired_after_every_service_has_the_new_one(rotated: Recording) -> None:
    services = {f"{service}-service" for service in SERVICES}
    for retired in ("postgres-retired-role", "rabbitmq-retired-user"):
        assert rotated.before(retired) >= services | {"postgres-roles", "rabbitmq-vhost"}
    for service in services:
        assert rotated.before(service) >= {"postgres-roles", "rabbitmq-vhost"}
        assert not rotated.before(service) & {"postgres-retired-role", "rabbitmq-retired-user"}


def test_every_service_logs_in_as_who_has_its_turn(rotated: Recording) -> None:
    for service in SERVICES:
        document = rotated[f"{service}-service"].plain("stdin")
        assert "dhanman_user_b" in document
        assert "dhanman_b" in document
        assert "dhanman_user_a" not in document
        assert "dhanman_a" not in document


def test_what_a_rotation_adds_is_secret_and_protects_nothing_that_it_must_replace(rotated: Recording) -> None:
    for name in ("postgres-retired-role", "rabbitmq-retired-user"):
        assert rotated[name].is_secret("stdin")
        assert PASSWORD in rotated[name].plain("stdin")
        assert PASSWORD not in json.dumps(rotated[name].masked())
    assert not {r.name for r in rotated.resources if r.protect} & {
        "postgres-password-b",
        "rabbitmq-password-b",
    }


def test_before_the_first_rotation_nothing_is_retired(recordings: dict[str, Recording]) -> None:
    for stack in STACKS:
        assert not [r.name for r in recordings[stack].resources if "retired" in r.name]


@pytest.fixture(scope="module")
def together() -> Recording:
    """The qa stack with two services that change together, after a rotation of what they log in with."""
    changes = {"release_sets": {"billing": ("sales", "purchase")}, "rotation": Rotation(postgres=1)}
    return record(lambda: Environment(stack_settings("qa").model_copy(update=changes)), stack="qa")


def test_a_release_set_comes_after_its_services_and_before_what_they_no_longer_use(
    together: Recording,
) -> None:
    assert together.before("billing-release-set") >= {"sales-service", "purchase-service"}
    assert "common-service" not in together.before("billing-release-set")
    assert "billing-release-set" in together.before("postgres-retired-role")


def test_a_release_set_s_document_changes_with_every_member_and_is_secret(together: Recording) -> None:
    resource = together["billing-release-set"]
    assert resource.is_secret("stdin")
    (thing,) = json.loads(resource.plain("stdin"))["things"]
    marks = {member["service"]: member["mark"] for member in thing["members"]}
    assert set(marks) == {"dhanman-sales-qa", "dhanman-purchase-qa"}
    unit = json.loads(together["sales-service"].plain("stdin"))
    (deployment,) = [t for t in unit["things"] if t["kind"] == "deployment"]
    assert marks["dhanman-sales-qa"] == deployment["mark"]
    assert deployment["release_set"] == "billing"


@pytest.mark.parametrize("stack", ["prod", "qa"])
def test_a_stack_file_builds_with_placeholders_alone(recordings: dict[str, Recording], stack: str) -> None:
    unit = json.loads(recordings[stack]["sales-service"].plain("stdin"))
    (release,) = [thing for thing in unit["things"] if thing["kind"] == "release"]
    assert release["source"].startswith("https://placeholder.invalid/")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_given_its_own_bucket_once_that_is_there(
    recordings: dict[str, Recording], service: str
) -> None:
    recording = recordings["qa"]
    assert "object-storage-buckets" in recording.before(f"{service}-service")
    unit = json.loads(recording[f"{service}-service"].plain("stdin"))
    (settings,) = [json.loads(t["settings"]) for t in unit["things"] if t["kind"] == "deployment"]
    assert settings["ObjectStorage"] == {
        "Endpoint": "http://localhost:9000",
        "Region": "us-east-1",
        "Bucket": f"qa-dhanman-{service}",
        "AccessKey": f"dhanman-{service}-qa",
        "SecretKey": PASSWORD,
        "ForcePathStyle": True,
    }


def test_without_object_storage_nothing_is_said_of_it(recordings: dict[str, Recording]) -> None:
    for resource in recordings["local"].resources:
        assert "object" not in resource.name
        text = json.dumps(resource.inputs).lower()
        assert "objectstorage" not in text and "object-storage" not in text


@pytest.mark.parametrize("stack", ["prod", "qa"])
def test_certificates_are_asked_for_once_nginx_and_dns_are_there(
    recordings: dict[str, Recording], stack: str
) -> None:
    recording = recordings[stack]
    before = recording.before("certificates-issued-served")
    records = {r.name for r in recording.of("cloudflare:index/dnsRecord:DnsRecord")}
    assert records
    assert before >= {"certificates-acme", "gateway-nginx", "frontend-site", *records}
    assert recording.before("gateway-nginx") >= {"certificates-acme"}


def test_the_test_server_is_there_before_it_is_asked_and_only_by_setting(
    recordings: dict[str, Recording],
) -> None:
    settings = stack_settings("local")
    wanted = Certificates.model_validate({"source": "acme", "acme": {"directory": "pebble"}})
    asked = record(lambda: Environment(settings.model_copy(update={"certificates": wanted})))
    assert asked.before("certificates-issued-served") >= {"acme-server-pebble", "frontend-site"}
    assert not [r for r in recordings["local"].resources if "pebble" in r.name or "issued" in r.name]


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Two hosts with a tunnel: PostgreSQL, RabbitMQ and backups on one, everything else on the other."""
    far = {"address": "192.0.2.20", "privateAddress": "10.66.0.2", "memory": "32GiB", "cores": 8}
    changes = {
        "hosts/main/privateAddress": "10.66.0.1",
        "hosts/data": far | {"hostKey": HOST_KEY},
        "network/wireguard/range": "10.66.0.0/24",
        **{f"roles/{role}": ["data"] for role in ("postgres", "rabbitmq", "backup")},
    }
    settings = load("qa", changed(changes), project=tmp_path_factory.mktemp("joined"))
    return record(lambda: Environment(settings), stack="qa")


def test_what_talks_through_a_tunnel_comes_after_it_works(joined: Recording) -> None:
    access = {f"{host}-access-over-a-new-connection" for host in ("main", "data")}
    interfaces = {"wireguard-main", "wireguard-data"}
    assert joined.before("wireguard-main-peers") >= interfaces | access
    assert joined.before("postgres-server") >= interfaces | {"wireguard-data-peers"}
    assert joined.before("sales-service") >= {"wireguard-main-peers", "wireguard-data-peers"}


def test_services_reach_the_other_host_by_its_address_in_the_tunnel(joined: Recording) -> None:
    document = joined["sales-service"].plain("stdin")
    assert "Host=10.66.0.2" in document
    assert "192.0.2.20" not in document
    rules = joined["data-access"].plain("stdin")
    assert 'iifname \\"dhanman\\" ip saddr 10.66.0.0/24 tcp dport' in rules
    assert "ip saddr 192.0.2.10/32 udp dport 51820 accept" in rules
    assert "10.0.0.0/8" not in rules
    assert "10.66.0.0/24   scram-sha-256" in joined["postgres-server"].plain("stdin")


def test_without_a_tunnel_there_is_nothing_of_it(recordings: dict[str, Recording]) -> None:
    for recording in recordings.values():
        assert not [r.name for r in recording.resources if "wireguard" in r.name]
