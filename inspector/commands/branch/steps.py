"""`inspector branch use`, `canary`, `shadow`, `withdraw`, `rollback`: steps on record.

A step is one row in the database, and nothing else: workers of the line read it within
a tenth of a second and do what it says, between two parts. So a step that returned is
made, and one that was killed is made as a whole or not at all.
"""

from __future__ import annotations

import getpass
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inspector.branches import Act, BranchAct, Standing, standing
from inspector.commands.branch.options import (
    Database,
    Evidence,
    Json,
    Line,
    Model,
    Said,
    Settings,
    Store,
    Version,
)
from inspector.commands.branch.shadow_report import Limit, disagreements
from inspector.errors import InputError, StoreError

if TYPE_CHECKING:
    from connectors.examining import Place
    from inspector.gate import Overruling
    from inspector.ports import BranchActs

Who = Annotated[
    str | None, typer.Option(help="Who does it; the user of this machine if not said.")
]
Reason = Annotated[str | None, typer.Option(help="Why; kept on record.")]
Force = Annotated[
    bool, typer.Option("--force", help="Overrule the gate; needs --reason.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A step that somebody makes, and why."""

    act: Act
    version: str
    who: str | None
    reason: str | None
    unsaid: str
    """The reason on record where none was given."""
    every: int | None = None
    forced: bool = False
    figures: dict[str, Any] = field(default_factory=dict)

    def record(self, acts: BranchActs, stands: Standing) -> None:
        """Put it on record; from then on it holds."""
        acts.record(
            BranchAct(
                line=stands.line,
                act=self.act,
                version=self.version,
                from_version=stands.live,
                every=self.every,
                who=self.who or getpass.getuser(),
                why=self.reason or self.unsaid,
                forced=self.forced,
                figures=self.figures,
                acted_ns=time.time_ns(),
            )
        )


def use(
    line: Line,
    version: Version,
    *,
    force: Force = False,
    reason: Reason = None,
    who: Who = None,
    model: Model = None,
    settings: Settings = None,
    store: Store = None,
    database: Database = None,
    evidence: Evidence = None,
    json: Json = None,
) -> None:
    """Let a branch judge the line from now on, if the gate lets it through.

    Workers of the line swap between two parts. What stood before is where a rollback
    leads.

    Example: inspector branch use poly 2 --settings poly.toml --reason "new cells"
    """
    said = _said(model, settings, store, database, evidence)
    step = _Step(
        act=Act.LIVE, version=version, who=who, reason=reason, unsaid="passed the gate"
    )
    stands = _through_the_gate(said, line, step, force=force, json=json)
    _say(f"line {line}: branch {version} judges from now on, instead of {stands.live}")


def canary(
    line: Line,
    version: Version,
    *,
    every: Annotated[
        int, typer.Option(min=2, metavar="N", help="It judges one part in N.")
    ],
    force: Force = False,
    reason: Reason = None,
    who: Who = None,
    model: Model = None,
    settings: Settings = None,
    store: Store = None,
    database: Database = None,
    evidence: Evidence = None,
    json: Json = None,
) -> None:
    """Let a branch give the verdict of every N-th part, if the gate lets it through.

    Which parts are its own follows from their identity, so every worker and every
    replay agrees.

    Example: inspector branch canary poly 2 --every 20 --settings poly.toml
    """
    said = _said(model, settings, store, database, evidence)
    step = _Step(
        act=Act.CANARY,
        version=version,
        who=who,
        reason=reason,
        unsaid="passed the gate, to try it on a few parts",
        every=every,
    )
    stands = _through_the_gate(said, line, step, force=force, json=json)
    _say(
        f"line {line}: branch {version} judges one part in {every}, else {stands.live}"
    )


def shadow(
    line: Line,
    version: Annotated[
        str | None, typer.Argument(metavar="[VERSION]", help="Version of its branch.")
    ] = None,
    *,
    show: Annotated[
        bool, typer.Option("--show", help="Say how the branch in shadow compares.")
    ] = False,
    limit: Limit = 20,
    reason: Reason = None,
    who: Who = None,
    model: Model = None,
    settings: Settings = None,
    store: Store = None,
    database: Database = None,
    json: Json = None,
) -> None:
    """Let a branch judge every part beside the one that runs; its word decides nothing.

    With --show: how often the two disagree, about which parts, and what it costs.

    Example: inspector branch shadow poly 2 --settings poly.toml
    """
    said = _said(model, settings, store, database, None)
    if show:
        disagreements(
            line, version, settings=settings, database=database, limit=limit, json=json
        )
        return
    if version is None:
        raise refusal(line, "name the version to put into shadow, or give --show")
    place = said.place(line, record=True)
    with _recorded(place) as acts:
        stands = _with_live(place, standing(line, acts.acts(line)))
        _refuse_live(stands, version)
        _load(place, version)
        _Step(
            act=Act.SHADOW,
            version=version,
            who=who,
            reason=reason,
            unsaid="to see how it judges",
        ).record(acts, stands)
    _say(f"line {line}: branch {version} judges in shadow of {stands.live}")


def withdraw(
    line: Line,
    version: Version,
    *,
    reason: Reason = None,
    who: Who = None,
    settings: Settings = None,
    database: Database = None,
    json: Json = None,
) -> None:
    """End a branch's time in shadow or as a canary; what is live stays.

    Example: inspector branch withdraw poly 2 --settings poly.toml
    """
    with open_acts(Said(settings=settings, database=database), line) as acts:
        stands = standing(line, acts.acts(line))
        if version not in {stands.shadow, stands.canary}:
            what = f"branch {version} is neither in shadow nor a canary"
            raise refusal(line, what)
        _Step(
            act=Act.WITHDRAWN,
            version=version,
            who=who,
            reason=reason,
            unsaid="its trial is over",
        ).record(acts, stands)
    _write(json, line, Act.WITHDRAWN, version)
    _say(f"line {line}: branch {version} is withdrawn")


def rollback(
    line: Line,
    *,
    reason: Reason = None,
    who: Who = None,
    settings: Settings = None,
    database: Database = None,
    json: Json = None,
) -> None:
    """Let the branch judge again that judged before; workers have it in memory.

    The gate is not asked: this branch judged the line already.

    Example: inspector branch rollback poly --settings poly.toml
    """
    with open_acts(Said(settings=settings, database=database), line) as acts:
        stands = standing(line, acts.acts(line))
        if stands.live is None or stands.before is None:
            what = "there is no branch before the one that runs: nothing to go back to"
            raise refusal(line, what)
        _Step(
            act=Act.ROLLBACK,
            version=stands.before,
            who=who,
            reason=reason,
            unsaid=f"back from {stands.live}",
        ).record(acts, stands)
    _write(json, line, Act.ROLLBACK, stands.before)
    _say(f"line {line}: branch {stands.before} judges again, instead of {stands.live}")


@contextmanager
def open_acts(said: Said, line: str) -> Iterator[BranchActs]:
    """Open the record of branches, in a hurry.

    The database's form is looked at only when it does not answer: what that needs takes
    longer to import than a rollback may take.

    Raises:
        InputError: nothing says where the record is.
        SettingsError: there is none, or it is not up to date.
        StoreError: it cannot be read or written.
    """
    from connectors.database.branch_acts import SqlBranchActs
    from connectors.database.engine import is_absent, open_engine

    engine = open_engine(said.record_url(line))
    try:
        if is_absent(engine):
            _require_current(engine)
        yield SqlBranchActs(engine)
    except StoreError:
        _require_current(engine)
        raise
    finally:
        engine.dispose()


def refusal(line: str, what: str) -> InputError:
    """Say why nothing was done to a line."""
    return InputError.single(f"line {line}", what)


def _through_the_gate(
    said: Said, line: str, step: _Step, *, force: bool, json: Json
) -> Standing:
    """Let a branch prove itself, and put the step on record with what it proved.

    Returns:
        What stood before.

    Raises:
        GateError: it is refused; nothing is changed.
    """
    from connectors.examining import examine_version
    from inspector.commands.branch.gate_tables import gate_section
    from inspector.commands.line_operation import write_json
    from inspector.commands.printing import show
    from inspector.gate import admit

    place = said.place(line, record=True)
    with _recorded(place) as acts:
        stands = _with_live(place, standing(line, acts.acts(line)))
        _refuse_live(stands, step.version)
        report = examine_version(place, step.version)
        show([gate_section(report)])
        if json is not None:
            write_json(json, report.as_json())
        forced = admit(report, _overruling(place, step) if force else None)
        _refuse_if_moved(acts, stands)
        replace(step, forced=forced, figures=report.as_json()).record(acts, stands)
    return stands


def _overruling(place: Place, step: _Step) -> Overruling:
    """Say who wants to overrule the gate, and whether the line's settings let them."""
    from inspector.gate import Overruling

    who = step.who or getpass.getuser()
    has_right = who in place.rules.may_force
    return Overruling(who=who, why=step.reason or "", has_right=has_right)


def _refuse_if_moved(acts: BranchActs, stands: Standing) -> None:
    """Refuse a step that proved itself against what runs no more."""
    if acts.last_act(stands.line) != stands.last_act:
        what = "somebody acted on the line meanwhile: look what runs, and try again"
        raise refusal(stands.line, what)


@contextmanager
def _recorded(place: Place) -> Iterator[BranchActs]:
    from connectors.database.branch_acts import SqlBranchActs

    if place.engine is None:
        raise refusal(place.line, "name its record: --database, or --settings")
    try:
        yield SqlBranchActs(place.engine)
    finally:
        place.engine.dispose()


def _with_live(place: Place, stands: Standing) -> Standing:
    """Name what runs where nobody has acted yet: what the model's settings say."""
    from connectors.examining import starting_version

    if stands.live is not None:
        return stands
    return replace(stands, live=starting_version(place.model, place.line))


def _refuse_live(stands: Standing, version: str) -> None:
    if version == stands.live:
        raise refusal(stands.line, f"branch {version} judges now")


def _load(place: Place, version: str) -> None:
    """Refuse a version that could not be loaded, before any worker tries."""
    from connectors.examining import load_version
    from connectors.wiring import open_branch_store
    from inspector.model.artifact import trunk_folder
    from inspector.model.hybrid import Trunk

    store = open_branch_store(place.model, place.rules)
    trunk = Trunk(trunk_folder(place.model))
    load_version(place, trunk, store.fetch(place.line, version))


def _require_current(engine: Any) -> None:
    from connectors.database.schema import require_current

    require_current(engine)


def _said(
    model: Model,
    settings: Settings,
    store: Store,
    database: Database,
    evidence: Evidence,
) -> Said:
    return Said(
        model=model,
        settings=settings,
        store=store,
        database=database,
        evidence=evidence,
    )


def _write(file: Json, line: str, act: Act, version: str) -> None:
    from inspector.commands.line_operation import write_json

    if file is not None:
        write_json(file, {"line": line, "act": act.value, "version": version})


def _say(words: str) -> None:
    from rich.console import Console

    Console().print(words, soft_wrap=True, markup=False, highlight=False)
