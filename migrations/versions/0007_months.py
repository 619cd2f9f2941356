"""On PostgreSQL verdicts lie in partitions, one for each month of capture.

A unique constraint of a partitioned table cannot reach across its partitions, so the
identities of parts are a table of their own, which a trigger fills: a part that has a
verdict, in whatever month, keeps it, and a second one does nothing. Months are made
ahead by `make_verdict_months`; what fits into none lies in `verdicts_rest`.

A database of SQLite stays as it is. Both get a record of what was pruned.

Revision: 0007, after 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from connectors.database.append_only import drop_append_only, make_append_only

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_IDENTITY = "line, camera, frame_id"


def upgrade() -> None:
    _make_prunings()
    if op.get_bind().dialect.name == "postgresql":
        _partition()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _join()
    drop_append_only("prunings")


def _make_prunings() -> None:
    row_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "prunings",
        sa.Column("id", row_number, primary_key=True, autoincrement=True),
        sa.Column("before_ns", sa.BigInteger, nullable=False),
        sa.Column("keep_every", sa.Integer, nullable=False),
        sa.Column("removed", sa.BigInteger, nullable=False),
        sa.Column("kept", sa.BigInteger, nullable=False),
        sa.Column("removed_sha256", sa.String(64), nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("pruned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pruned_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_prunings"),
    )
    make_append_only("prunings")


def _partition() -> None:
    op.execute("ALTER TABLE verdicts RENAME TO verdicts_before")
    op.execute("DROP TRIGGER verdicts_append_only ON verdicts_before")
    _make_root("verdicts_before")
    op.execute(
        "CREATE TABLE verdict_identities (line VARCHAR(64) NOT NULL, camera VARCHAR(64)"
        f" NOT NULL, frame_id BIGINT NOT NULL, PRIMARY KEY ({_IDENTITY}))"
    )
    op.execute("CREATE TABLE verdicts_rest PARTITION OF verdicts DEFAULT")
    _make_functions()
    for statement in _TRIGGERS:
        op.execute(statement)
    op.execute(
        "SELECT make_verdict_month(month) FROM (SELECT DISTINCT "
        "date_trunc('month', captured_at AT TIME ZONE 'UTC') AS month "
        "FROM verdicts_before) AS months"
    )
    op.execute("SELECT make_verdict_months(3)")
    op.execute("INSERT INTO verdicts SELECT * FROM verdicts_before ORDER BY id")
    op.execute("DROP TABLE verdicts_before")


def _make_root(before: str) -> None:
    """Make the partitioned table as the old one was, whatever columns it has by now."""
    op.execute(
        f"CREATE TABLE verdicts (LIKE {before} INCLUDING DEFAULTS INCLUDING CONSTRAINTS"
        ") PARTITION BY RANGE (captured_at)"
    )
    op.execute("ALTER SEQUENCE verdicts_id_seq OWNED BY verdicts.id")
    op.execute(f"ALTER TABLE {before} DROP CONSTRAINT pk_verdicts")
    op.execute(f"ALTER TABLE {before} DROP CONSTRAINT uq_verdicts_line_camera_frame_id")
    _move_indexes(before, "verdicts")
    op.execute(
        "ALTER TABLE verdicts ADD CONSTRAINT pk_verdicts PRIMARY KEY (id, captured_at)"
    )
    op.execute(
        f"CREATE INDEX ix_verdicts_line_camera_frame_id ON verdicts ({_IDENTITY})"
    )


def _move_indexes(before: str, after: str) -> None:
    """Drop the indexes of one table and make the same ones for another."""
    asked = sa.text(
        "SELECT indexname, indexdef FROM pg_indexes "
        "WHERE schemaname = current_schema() AND tablename = :before"
    )
    for name, form in op.get_bind().execute(asked, {"before": before}).all():
        op.execute(f"DROP INDEX {name}")
        head, _, rest = form.partition(" ON ")
        op.execute(f"{head} ON {after} {rest[rest.index('USING') :]}")


_TRIGGERS = (
    # Row by row, because only such triggers are those of every partition as well.
    "CREATE TRIGGER verdicts_once BEFORE INSERT ON verdicts "
    "FOR EACH ROW EXECUTE FUNCTION verdicts_are_judged_once()",
    "CREATE TRIGGER verdicts_rows_append_only BEFORE UPDATE OR DELETE ON verdicts "
    "FOR EACH ROW EXECUTE FUNCTION verdicts_are_append_only()",
    "CREATE TRIGGER verdicts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
    "ON verdicts FOR EACH STATEMENT EXECUTE FUNCTION verdicts_are_append_only()",
    "CREATE TRIGGER verdicts_rest_whole BEFORE TRUNCATE ON verdicts_rest "
    "FOR EACH STATEMENT EXECUTE FUNCTION verdicts_are_append_only()",
    "CREATE TRIGGER verdict_identities_append_only "
    "BEFORE UPDATE OR DELETE OR TRUNCATE ON verdict_identities "
    "FOR EACH STATEMENT EXECUTE FUNCTION verdicts_are_append_only()",
)


def _make_functions() -> None:
    op.execute(
        "CREATE FUNCTION verdicts_are_judged_once() RETURNS trigger LANGUAGE plpgsql "
        "AS $$ BEGIN "
        "INSERT INTO verdict_identities (line, camera, frame_id) "
        "VALUES (NEW.line, NEW.camera, NEW.frame_id) ON CONFLICT DO NOTHING; "
        "IF NOT FOUND THEN RETURN NULL; END IF; RETURN NEW; END $$"
    )
    # A month that has rows in the rest already stays there: they cannot be moved.
    op.execute(
        "CREATE FUNCTION make_verdict_month(month timestamp) RETURNS void "
        "LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$ "
        "DECLARE name text := 'verdicts_' || to_char(month, 'YYYY_MM'); "
        "since timestamptz := month AT TIME ZONE 'UTC'; "
        "until timestamptz := (month + interval '1 month') AT TIME ZONE 'UTC'; "
        "BEGIN IF to_regclass(name) IS NULL AND NOT EXISTS (SELECT 1 FROM "
        "verdicts_rest WHERE captured_at >= since AND captured_at < until) THEN "
        "EXECUTE format('CREATE TABLE %I PARTITION OF verdicts "
        "FOR VALUES FROM (%L) TO (%L)', name, since, until); "
        "EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT "
        "EXECUTE FUNCTION verdicts_are_append_only()', name || '_whole', name); "
        "END IF; END $$"
    )
    op.execute(
        "CREATE FUNCTION make_verdict_months(ahead integer) RETURNS void "
        "LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$ "
        "DECLARE this timestamp := date_trunc('month', now() AT TIME ZONE 'UTC'); "
        "BEGIN PERFORM pg_advisory_xact_lock(7114002); "
        "FOR n IN 0..ahead LOOP "
        "PERFORM make_verdict_month(this + make_interval(months => n)); "
        "END LOOP; END $$"
    )


def _join() -> None:
    """Make one table again, without a row less."""
    op.execute("ALTER TABLE verdicts RENAME TO verdicts_in_months")
    op.execute("ALTER TABLE verdicts_in_months DROP CONSTRAINT pk_verdicts")
    op.execute("DROP INDEX ix_verdicts_line_camera_frame_id")
    op.execute(
        "CREATE TABLE verdicts "
        "(LIKE verdicts_in_months INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
    )
    op.execute("INSERT INTO verdicts SELECT * FROM verdicts_in_months ORDER BY id")
    _move_indexes("verdicts_in_months", "verdicts")
    op.execute("ALTER SEQUENCE verdicts_id_seq OWNED BY verdicts.id")
    for name in ("make_verdict_months(integer)", "make_verdict_month(timestamp)"):
        op.execute(f"DROP FUNCTION {name}")
    op.execute("DROP TABLE verdicts_in_months")
    op.execute("DROP TABLE verdict_identities")
    op.execute("DROP FUNCTION verdicts_are_judged_once()")
    op.execute("ALTER TABLE verdicts ADD CONSTRAINT pk_verdicts PRIMARY KEY (id)")
    op.execute(
        "ALTER TABLE verdicts ADD CONSTRAINT uq_verdicts_line_camera_frame_id "
        f"UNIQUE ({_IDENTITY})"
    )
    op.execute(
        "CREATE TRIGGER verdicts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
        "ON verdicts FOR EACH STATEMENT EXECUTE FUNCTION verdicts_are_append_only()"
    )
