"""Data of production on another host: masked, by a key that can only read, and nothing unmasked stays behind.

Production is a cluster of its own on the same host, whose backups are in the bucket as the plan for prod makes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import pytest

from components.backup.physical import Bucket
from components.backup.physical.from_prod import Source
from scripts.steps import Steps
from tests.acceptance.backups import DATABASE, first_backups, sql, use_bucket
from tests.acceptance.object_store import BUCKET, NAME, PORT, READER_ID, READER_KEY, ObjectStore, program
from tests.acceptance.world import World
from tests.waiting import until

pytestmark = [pytest.mark.host, pytest.mark.slow]

PASSPHRASE = "not-a-real-passphrase-of-production"
PREFIX = "prod/postgresql"
PROD = "runuser -u postgres -- psql -XAtq --set=ON_ERROR_STOP=1 --port=5444"
MAKER = "/etc/pgbackrest/production.conf"
SECRETS = ("Ravi Kumar", "ravi.kumar@dhanman.com", "9876543210", "KLMPN1234X")
"""What must be nowhere on the host but in production's own cluster."""
ROWS = """
CREATE ROLE dhanman_user;
CREATE DATABASE "prod-dhanman-payroll" OWNER dhanman_user;
CREATE DATABASE "prod-dhanman-sales" OWNER dhanman_user;
\\c prod-dhanman-payroll
SET ROLE dhanman_user;
CREATE TABLE "Employees" (id int PRIMARY KEY, "Name" varchar(40) NOT NULL, email text UNIQUE, phone text, salary
    numeric(10, 2) NOT NULL, pan varchar(20), note text);
CREATE TABLE audit (what text);
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO audit VALUES (OLD."Name" || OLD.email); RETURN NEW; END $$;
CREATE TRIGGER keep BEFORE UPDATE ON "Employees" FOR EACH ROW EXECUTE FUNCTION keep();
INSERT INTO "Employees" VALUES (1, 'Ravi Kumar', 'ravi.kumar@dhanman.com', '+91 9876543210', 123456, 'KLMPN1234X', 'x'),
    (2, 'Ravi Kumar', 'two@dhanman.com', NULL, 123456, 'KLMPN1234X', NULL);
CREATE MATERIALIZED VIEW names AS SELECT "Name" FROM "Employees";
CREATE TABLE plain AS SELECT n FROM generate_series(1, 1000) n;
RESET ROLE;
\\c prod-dhanman-sales
SET ROLE dhanman_user;
CREATE TABLE customers (name text, pan varchar(20));
INSERT INTO customers VALUES ('Ravi Kumar', 'KLMPN1234X');
"""
MASK: dict[str, Any] = {
    "payroll": {
        "Employees.Name": {"with": "redact"},
        "Employees.email": {"with": "email"},
        "Employees.phone": {"with": "redact"},
        "Employees.salary": {"with": "fixed", "value": 1000},
        "public.Employees.pan": {"with": "hash"},
        "Employees.note": {"with": "null"},
        "Employees.gone": {"with": "null", "optional": True},
    },
    "sales": {"customers.name": {"with": "redact"}, "customers.pan": {"with": "hash"}},
}


@pytest.fixture(scope="module")
def world(new_world: Callable[[str], World]) -> World:
    return new_world("copies")


@pytest.fixture(scope="module", autouse=True)
def production(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """Production's backups, and an environment that may copy from them."""
    folder = tmp_path_factory.mktemp("s3")
    store = ObjectStore(folder, world.host.address.rpartition(".")[0] + ".1", program(Steps(folder / "logs")))
    store.make()
    store.known_to(world.host)
    store.start()
    try:
        store.let_read(PREFIX)
        use_bucket(world, store.settings())
        world.configure(_settings(MASK))
        world.up()
        _back_up_production(world, store)
        first_backups(world)
        yield store
    finally:
        store.stop()


def _settings(mask: dict[str, Any]) -> dict[str, Any]:
    bucket = {"kind": "s3", "name": BUCKET, "prefix": PREFIX, "endpoint": f"https://{NAME}:{PORT}"}
    key = {"keyId": READER_ID, "key": READER_KEY}
    return {"qaFromProd": {"bucket": bucket | key, "passphrase": PASSPHRASE, "mask": mask}}


def _back_up_production(world: World, store: ObjectStore) -> None:
    """A cluster with a backup, rows that only its WAL has, and then no cluster any more."""
    world.run("pg_createcluster 18 production --port 5444 --start")
    settings = store.settings()
    bucket = Bucket(
        name=BUCKET,
        prefix=PREFIX,
        endpoint=settings["endpoint"],
        region="us-east-1",
        key_id=settings["keyId"],
    )
    source = Source(environment="prod", bucket=bucket, databases=())
    data = "/var/lib/postgresql/18/production"
    file = source.file(PASSPHRASE, settings["key"], data=data, processes=1)
    content = f"{file.content}pg1-port=5444\n"
    world.host.run(
        ["sh", "-c", f"cat > {MAKER} && chown postgres {MAKER} && chmod 400 {MAKER}"], input=content
    )
    call = f"pgbackrest --config={MAKER} --stanza=prod"
    archive = (
        f"ALTER SYSTEM SET archive_mode = on; ALTER SYSTEM SET archive_command = '{call} archive-push %p'"
    )
    world.host.run([*PROD.split(), "postgres"], input=archive.replace("; ", ";\n"))
    world.run("pg_ctlcluster 18 production restart")
    world.run(f"runuser -u postgres -- {call} stanza-create && runuser -u postgres -- {call} backup")
    world.host.run([*PROD.split(), "postgres"], input=ROWS)
    segment = world.run(f"{PROD} postgres -c 'SELECT pg_walfile_name(pg_switch_wal())'").strip()
    last = f"{PROD} postgres -c 'SELECT last_archived_wal FROM pg_stat_archiver'"
    until(lambda: world.run(last).strip() >= segment, 60)
    world.run(f"pg_dropcluster --stop 18 production; rm {MAKER}")


def test_what_does_not_fit_is_told_at_once_and_nothing_is_copied(world: World) -> None:
    broken = {"payroll": {"Employees.gone": {"with": "null"}, "Employees.salary": {"with": "null"}}}
    world.configure(_settings(broken))
    world.up()
    done = world.host.run(["dhanman-restore", "from-prod"], check=False)
    world.configure(_settings(MASK))
    world.up()
    assert done.returncode == 1
    assert "public.Employees.gone: there is no such column" in done.stderr
    assert "public.Employees.salary: may not be null; take fixed" in done.stderr
    assert "next: correct qaFromProd.mask" in done.stderr
    assert sql(world, "SELECT to_regclass('\"Employees\"') IS NULL", "local-dhanman-payroll") == "t"
    _nothing_unmasked(world)


def test_every_database_with_masks_is_replaced_by_a_masked_copy_and_the_services_serve(world: World) -> None:
    said = world.run("dhanman-restore from-prod")
    print(said)
    rows = sql(world, 'SELECT * FROM "Employees" ORDER BY id', "local-dhanman-payroll").splitlines()
    first, second = (row.split("|") for row in rows)
    assert (first[1], first[3], first[4], first[6]) == ("xxxx xxxxx", "+00 0000000000", "1000.00", "")
    assert first[2].startswith("user-")
    assert first[2].endswith("@example.invalid")
    assert first[2] != second[2]
    assert second[3] == ""
    # equal values stay equal, in another database too
    assert first[5] == second[5] == sql(world, "SELECT pan FROM customers", DATABASE)
    assert len(first[5]) == 20
    assert sql(world, "SELECT count(*) FROM audit", "local-dhanman-payroll") == "0"
    assert sql(world, "SELECT DISTINCT * FROM names", "local-dhanman-payroll") == "xxxx xxxxx"
    assert sql(world, "SELECT sum(n) FROM plain", "local-dhanman-payroll") == "500500"
    owner = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'plain'"
    assert sql(world, owner, "local-dhanman-payroll") == "dhanman_user"
    for service in ("payroll", "sales", "common"):
        assert world.ask(f"https://{service}.dhanman.test/health/ready").status == 200
    _nothing_unmasked(world)
    kept = said.partition("kept: ")[2].splitlines()[0].split()
    assert len(kept) == 2
    for name in kept:
        world.run(f"dhanman-restore drop {name}")
    assert world.drift() == []


def test_one_database_is_copied_alone_and_the_other_is_left_as_it_is(world: World) -> None:
    sql(world, "CREATE TABLE own (n int)", "local-dhanman-payroll")
    sql(world, "DROP TABLE customers", DATABASE)
    said = world.run(f"dhanman-restore from-prod {DATABASE}")
    assert sql(world, "SELECT name FROM customers", DATABASE) == "xxxx xxxxx"
    assert sql(world, "SELECT count(*) FROM own", "local-dhanman-payroll") == "0"
    world.run(f"dhanman-restore drop {said.partition('kept: ')[2].split()[0]}")
    _nothing_unmasked(world)


def test_what_a_killed_copy_leaves_is_removed_by_the_next_look(world: World) -> None:
    world.run("systemd-run --unit=copying --quiet dhanman-restore from-prod")
    until(
        lambda: (
            world.host.run(["test", "-e", "/var/lib/postgresql/18/dhanman-copy/log"], check=False).returncode
            == 0
        ),
        120,
    )
    world.run("systemctl kill --signal=KILL copying")
    world.run("systemctl start dhanman-pgbackrest-local@watch", check=False)
    _nothing_unmasked(world)
    assert world.ask("https://payroll.dhanman.test/health/ready").status == 200


def test_the_key_of_the_settings_can_only_read(production: ObjectStore) -> None:
    for name in (f"/{PREFIX}/pgbackrest/backup/x", "/postgresql/x"):
        status, said = production.put(name, "x", READER_ID, READER_KEY)
        assert (status, "AccessDenied" in said) == (HTTPStatus.FORBIDDEN, True)


def _nothing_unmasked(world: World) -> None:
    """No file of the server, of a backup's spool or of a log holds what was masked, and the scratch cluster is gone."""
    assert "dhanman-copy" not in world.run("ls /var/lib/postgresql/18")
    sql(world, "CHECKPOINT", "postgres")
    folders = "/var/lib/postgresql /var/log/postgresql /var/log/pgbackrest /var/spool/pgbackrest /tmp /var/lib/dhanman"
    for secret in SECRETS:
        found = world.run(
            f"grep --recursive --files-with-matches --text --fixed-strings '{secret}' {folders}; true"
        )
        assert found == "", secret
