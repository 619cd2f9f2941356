"""Each program has the rights it needs in PostgreSQL, and no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from connectors.database import roles
from connectors.database.engine import open_engine
from connectors.database.months import make_months
from connectors.database.schema import problems, upgrade
from connectors.database.verdict_store import SqlVerdictStore
from tests.builders import a_verdict
from tests.databases import fresh_postgresql

LOGINS = {f"{role}_login": role for role in roles.ROLES}


@dataclass
class Site:
    """A database with an account for each role."""

    owner: Engine
    as_account: Callable[[str], Engine]


@pytest.fixture
def site(postgresql_server: str) -> Iterator[Site]:
    url = fresh_postgresql(postgresql_server)
    owner = open_engine(url)
    upgrade(owner)
    SqlVerdictStore(owner).store([a_verdict()])
    opened = [owner]
    with owner.begin() as connection:
        there = set(connection.scalars(text("SELECT rolname FROM pg_roles")))
        for login, role in LOGINS.items():
            if login not in there:
                connection.execute(text(f"CREATE ROLE {login} LOGIN IN ROLE {role}"))

    def as_account(name: str) -> Engine:
        opened.append(open_engine(str(_as_user(url, name))))
        return opened[-1]

    yield Site(owner, as_account)
    for each in opened:
        each.dispose()


def _as_user(url: str, name: str) -> str:
    return make_url(url).set(username=name).render_as_string(hide_password=False)


def refused(engine: Engine, *statements: str) -> None:
    for statement in statements:
        with (
            engine.connect() as connection,
            pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        ):
            connection.execute(text(statement))


def test_a_worker_stores_and_can_do_nothing_else_to_the_record(site: Site) -> None:
    worker = site.as_account("inspector_worker_login")
    now_ns = int(datetime.now(UTC).timestamp()) * 10**9
    batch = [
        a_verdict(),
        a_verdict(frame_id=8),
        a_verdict(frame_id=9, captured_ns=now_ns),
    ]
    receipt = SqlVerdictStore(worker).store(batch)
    assert (receipt.inserted, receipt.already_there) == (2, 1)
    make_months(worker)
    assert problems(worker) == [], "a worker can see whether it is up to date"
    refused(
        worker,
        "DELETE FROM verdicts",
        "UPDATE verdicts SET decision = 'PASS'",
        "TRUNCATE verdicts",
        "DROP TABLE verdicts",
        "DELETE FROM verdict_identities",
        "ALTER TABLE verdicts DISABLE TRIGGER ALL",
        f"DROP TABLE verdicts_{datetime.now(UTC):%Y_%m}",
        f"INSERT INTO verdicts_{datetime.now(UTC):%Y_%m} DEFAULT VALUES",
        "INSERT INTO verifications (line) VALUES ('poly')",
        "INSERT INTO prunings (who) VALUES ('me')",
        "CREATE TABLE own (id INTEGER)",
        "UPDATE alembic_version SET version_num = '0001'",
    )


def test_a_console_reads_the_record_and_adds_what_people_say(site: Site) -> None:
    console = site.as_account("inspector_console_login")
    with console.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM verdicts")) == 1
        connection.execute(
            text(
                "INSERT INTO verifications (line, camera, frame_id, captured_ns, "
                "outcome, who, verified_at, verified_ns, blind, is_simulated) VALUES "
                "('poly', 'cam-1', 7, 0, 'confirmed', 'ann', now(), 0, false, true)"
            )
        )
    refused(
        console,
        "INSERT INTO verdicts (line) VALUES ('poly')",
        "DELETE FROM verifications",
        "INSERT INTO consumer_offsets (topic) VALUES ('t')",
        "SELECT make_verdict_months(9)",
    )


def test_an_auditor_reads_everything_and_writes_nothing(site: Site) -> None:
    auditor = site.as_account("inspector_auditor_login")
    with auditor.connect() as connection:
        for table in ("verdicts", "verifications", "branch_acts", "prunings"):
            connection.execute(text(f"TABLE {table}"))
    refused(
        auditor,
        "INSERT INTO verifications (line) VALUES ('poly')",
        "INSERT INTO verdicts (line) VALUES ('poly')",
        "DELETE FROM verdicts",
    )


def test_a_second_time_changes_nothing(site: Site) -> None:
    with site.owner.begin() as connection:
        assert roles.apply(connection) == []
    assert roles.problems(site.owner) == []


def test_an_account_that_may_not_create_roles_upgrades_and_says_what_to_do(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Roles belong to a server that other tests use: so these are named otherwise."""
    monkeypatch.setattr(roles, "ROLES", ("inspector_nowhere",))
    with site.owner.begin() as connection:
        plain = "CREATE ROLE plain LOGIN"
        connection.execute(
            text(f"DO $$ BEGIN {plain}; EXCEPTION WHEN OTHERS THEN END $$")
        )
        name = connection.engine.url.database
        connection.execute(text(f"ALTER DATABASE {name} OWNER TO plain"))
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public AUTHORIZATION plain"))
    plain_owner = site.as_account("plain")
    upgrade(plain_owner)
    assert problems(plain_owner) == []
    (said,) = roles.problems(plain_owner)
    assert "CREATE ROLE inspector_nowhere NOLOGIN;" in said
    assert "let an administrator run" in said
    assert "inspector db roles" in said
    assert said in caplog.text
