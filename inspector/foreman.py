"""Sees to it that a line runs the branch that the record says, while it runs.

The foreman reads the line's acts, every tenth of a second and on a thread of its own.
What they ask for is loaded, verified and rehearsed on the line's latest part, on a
thread that gives way to the line's; only then the roster is exchanged, between two
parts. Whatever goes wrong on the way leaves the running branch where it is, and is
recorded. The predecessor stays in memory: a rollback, or putting a branch away that
broke on a part, exchanges the roster at once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Set
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Self

from inspector.account import Tally
from inspector.branches import Act, BranchAct, Standing, standing
from inspector.drift import DriftGuard
from inspector.errors import InputError, InspectorError, StoreError
from inspector.illustrating import give_way
from inspector.judge import Duty, Judge, Judged, Roster, Rulebook, Turn
from inspector.ports import BranchActs, Model
from inspector.settings import ModelSettings
from inspector.shadowing import Shadow

_log = logging.getLogger(__name__)

POLL_S = 0.1
"""How often the record is asked for news: a rollback must hold within a second."""
LOADS_WITHIN_S = 60.0
"""A branch that is not there after so long is none."""
_REHEARSALS = 3
"""The first runs of a network are slow, and the log lines of now are not known yet."""
WHO = "worker"
"""Who acts in the record when a branch is put away."""


def _nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trained:
    """A version of a branch that is loaded and verified, with what it decides by."""

    version: str
    model: Model
    rules: Rulebook
    settings: ModelSettings
    interrupt: Callable[[], None] = _nothing
    """Ends a run that is under way as soon as it can be ended."""

    def on_duty(self) -> Duty:
        """Let it judge, and watch the shift anew by its own rules."""
        rules = self.settings.drift
        watch = DriftGuard(rules) if rules is not None and rules.enabled else None
        return Duty(model=self.model, rules=self.rules, drift=watch)


Load = Callable[[str], Trained]
"""Loads and verifies a version of the line's branch by its name.

Raises `InputError` if there is no such version or it may not judge, and another
`InspectorError` if that could not be found out now.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What a line is told to run, and where its versions come from."""

    line: str
    acts: BranchActs
    load: Load
    default: str
    """The version that runs while nobody has acted."""
    release: Callable[[], None] = _nothing
    """Called after versions were let go: memory can be given back."""


def first_on_duty(orders: Orders) -> Trained:
    """Load what the line starts with: what is live, or else its predecessor.

    Raises:
        InputError: neither can judge.
        InspectorError: the record or the branch cannot be read.
    """
    stands = _standing(orders)
    live = stands.live or orders.default
    try:
        return orders.load(live)
    except InputError as error:
        if stands.before is None:
            raise
        _log.error("line %s: branch %s cannot judge: %s", orders.line, live, error)
        found = orders.load(stands.before)
        _record_put_away(orders, live, f"could not be loaded: {error}")
        return found


class Foreman:
    """Follows the acts of one line, while it is entered as a context.

    Args:
        orders: what the line is told to run.
        judge: of the line; has the first version on duty already.
        first: that version.
        shadow: judges beside the line; `None` where no shadow can be stored.
        tally: counts what was exchanged and put away.
        poll_s: pause between two looks at the record.
    """

    def __init__(  # noqa: PLR0913 - the foreman's tools, each named once
        self,
        orders: Orders,
        judge: Judge,
        first: Trained,
        *,
        shadow: Shadow | None,
        tally: Tally,
        poll_s: float = POLL_S,
    ) -> None:
        self._orders = orders
        self._judge = judge
        self._shadow = shadow
        self._tally = tally
        self._poll_s = poll_s
        self._shelf = {first.version: first}
        """What is loaded, by version."""
        self._roles = _Roles(live=first.version)
        self._followed: int | None = None
        """Number of the latest act that was followed."""
        self._broken: dict[str, str] = {}
        """Versions that were put away and are not on record yet, and why."""
        self._is_blind = False
        """Whether the record could not be read when it was last asked."""
        self._latest: Turn | None = None
        self._exchanging = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="foreman", daemon=True)
        self._beside: AbstractContextManager[object] = shadow or nullcontext()

    def __enter__(self) -> Self:
        self._beside.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join(_ENDS_WITHIN_S)
        self._beside.__exit__(kind, error, trace)

    # Any thread.

    def saw(self, turn: Turn, judged: Judged) -> None:
        """Take note of a part that has its verdict; never waits for anything."""
        self._latest = turn
        if judged.broke:
            verdict = judged.verdict
            words = f"part {verdict.frame_id} of {verdict.camera}: {verdict.reason}"
            self.put_away(turn.duty.model.branch.version, words)
        if self._shadow is not None:
            self._shadow.offer(turn, judged)

    def put_away(self, version: str, why: str) -> None:
        """Let a version judge no more, from the next part on.

        The line's last version stays: nothing could take its place, and the parts on
        which it breaks are REVIEW.
        """
        with self._exchanging:
            trained = self._shelf.get(version)
            if trained is None or version in self._broken:
                return
            trained.interrupt()
            roles = self._roles.without(version)
            if roles is None or roles.live not in self._shelf:
                self._complain(version, f"broke, and there is none before it: {why}")
                return
            self._broken[version] = why
            self._assume(roles)
            self._tally.put_away()
        self._complain(version, f"is put away: {why}")

    # The foreman's thread.

    def _work(self) -> None:
        give_way()
        while True:
            try:
                self._tick()
                self._is_blind = False
            except StoreError as error:
                self._go_on_blind(error)
            except Exception:  # noqa: BLE001 - the top of a thread
                _log.exception("line %s: the foreman failed", self._orders.line)
            if self._ended.wait(self._poll_s):
                return

    def _go_on_blind(self, error: StoreError) -> None:
        """Tell once that the record cannot be read: what runs goes on running."""
        if not self._is_blind:
            self._is_blind = True
            _log.error("line %s: what is to run: %s", self._orders.line, error)

    def _tick(self) -> None:
        self._look_after_shadow()
        self._record_broken()
        newest = self._orders.acts.last_act(self._orders.line)
        if newest != self._followed and self._follow(_standing(self._orders)):
            self._followed = newest

    def _look_after_shadow(self) -> None:
        if self._shadow is None:
            return
        turn = self._shadow.take_overdue()
        if turn is not None:
            self.put_away(turn.duty.model.branch.version, "stalled on a part in shadow")

    def _record_broken(self) -> None:
        for version, why in list(self._broken.items()):
            _record_put_away(self._orders, version, why)
            with self._exchanging:
                self._shelf.pop(version, None)
                del self._broken[version]

    def _follow(self, stands: Standing) -> bool:
        """Bring the line to what stands; says whether that is done."""
        wanted = _Roles.of(stands, self._orders.default)
        if not self._bring(wanted.live):
            return False
        self._exchange(wanted)
        others = [each for each in wanted.names() if each != wanted.live]
        brought = [self._bring(each) for each in others]
        self._exchange(wanted)
        self._let_go(wanted)
        return all(brought)

    def _bring(self, version: str) -> bool:
        """Have a version on the shelf; one that cannot judge is put away for good."""
        if version in self._shelf:
            return True
        try:
            trained = _in_time(partial(self._load, version), version)
        except InputError as error:
            self._complain(version, f"cannot judge: {error}")
            self._tally.put_away()
            return not _record_put_away(self._orders, version, f"{error}")
        except InspectorError as error:
            self._complain(version, f"cannot be loaded now: {error}")
            self._ended.wait(_RETRY_S)
            return False
        with self._exchanging:
            self._shelf[version] = trained
        return True

    def _load(self, version: str) -> Trained:
        """Load a version, and let it judge the line's latest part a few times."""
        trained, latest = self._orders.load(version), self._latest
        if latest is None:
            return trained
        beside = self._judge.beside(trained.on_duty())
        for _ in range(_REHEARSALS):
            judged = beside.take(beside.turn_anew(latest.window))
            if judged.broke:
                what = f"broke on the line's latest part: {judged.verdict.reason}"
                raise _cannot(version, what)
        return trained

    def _exchange(self, wanted: _Roles) -> None:
        """Give the roles to those that are on the shelf."""
        self._rest_shadow(wanted)
        with self._exchanging:
            there = self._shelf.keys() - self._broken.keys()
            if wanted.live in there:
                self._assume(wanted.among(there))

    def _rest_shadow(self, wanted: _Roles) -> None:
        """See that no version judges on two threads when it leaves the shadow."""
        if self._shadow is not None and self._roles.shadow != wanted.shadow:
            self._shadow.follow(None, self.put_away)
            self._shadow.wait_until_free()

    def _assume(self, roles: _Roles) -> None:
        """Exchange the roster; who keeps a role keeps its watch on the shift."""
        before, self._roles = self._roles, roles
        roster = self._judge.roster
        live, canary = roster.live, roster.canary
        if roles.live != before.live:
            live = self._shelf[roles.live].on_duty()
        if roles.canary != before.canary:
            canary = self._shelf[roles.canary].on_duty() if roles.canary else None
        self._judge.exchange(Roster(live=live, canary=canary, every=roles.every or 1))
        if roles.live != before.live:
            self._tally.handed_over()
            _log.warning(
                "line %s: branch %s judges from now on, instead of %s",
                *(self._orders.line, roles.live, before.live),
            )
        if self._shadow is not None and roles.shadow != before.shadow:
            shadow = self._shelf[roles.shadow].on_duty() if roles.shadow else None
            beside = self._judge.beside(shadow) if shadow else None
            self._shadow.follow(beside, self.put_away)

    def _let_go(self, wanted: _Roles) -> None:
        with self._exchanging:
            idle = self._shelf.keys() - set(wanted.names()) - set(self._roles.names())
            for version in idle:
                del self._shelf[version]
        if idle:
            self._orders.release()

    def _complain(self, version: str, what: str) -> None:
        _log.error("line %s: branch %s %s", self._orders.line, version, what)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Roles:
    """Which version has which role."""

    live: str
    before: str | None = None
    canary: str | None = None
    every: int | None = None
    shadow: str | None = None

    @classmethod
    def of(cls, stands: Standing, default: str) -> Self:
        return cls(
            live=stands.live or default,
            before=stands.before,
            canary=stands.canary,
            every=stands.every,
            shadow=stands.shadow,
        )

    def names(self) -> list[str]:
        """Name the versions, what matters most first."""
        named = (self.live, self.before, self.canary, self.shadow)
        return [each for each in dict.fromkeys(named) if each is not None]

    def among(self, there: Set[str]) -> _Roles:
        """Leave the roles empty of those that are not there."""
        return replace(
            self,
            before=self.before if self.before in there else None,
            canary=self.canary if self.canary in there else None,
            shadow=self.shadow if self.shadow in there else None,
        )

    def without(self, version: str) -> _Roles | None:
        """Let a version judge no more; `None` if nobody would."""
        if version == self.live:
            if self.before is None:
                return None
            return replace(self, live=self.before, before=None)
        return self.among({*self.names()} - {version})


def _standing(orders: Orders) -> Standing:
    return standing(orders.line, orders.acts.acts(orders.line))


def _record_put_away(orders: Orders, version: str, why: str) -> bool:
    """Put on record that a version judges no more.

    Asked for what stands first: another worker of the line may have done it, and
    somebody may have chosen another version meanwhile.

    Returns:
        Whether it is on record; `False` if no version could take its place.
    """
    stands = _standing(orders)
    live = stands.live or orders.default
    instead = stands.before if version == live else live
    if version not in {live, stands.before, stands.canary, stands.shadow}:
        return True
    if instead is None:
        return False
    act = BranchAct(
        line=orders.line,
        act=Act.PUT_AWAY,
        version=instead,
        from_version=version,
        who=WHO,
        why=why,
        acted_ns=time.time_ns(),
    )
    orders.acts.record(act)
    return True


def _in_time(load: Callable[[], Trained], version: str) -> Trained:
    """Load on a thread that gives way to the line's, and not for ever.

    Raises:
        InputError: it broke while it was loaded, or did not come back.
        InspectorError: as `load`.
    """
    done: Future[Trained] = Future()
    given = done, load, version
    threading.Thread(target=_load_into, args=given, name="load", daemon=True).start()
    try:
        return done.result(LOADS_WITHIN_S)
    except TimeoutError as error:
        what = f"is not loaded after {LOADS_WITHIN_S:g} s"
        raise _cannot(version, what) from error


def _load_into(
    done: Future[Trained], load: Callable[[], Trained], version: str
) -> None:
    give_way()
    try:
        done.set_result(load())
    except InspectorError as error:
        done.set_exception(error)
    except Exception as error:  # noqa: BLE001 - the top of a thread
        _log.exception("a branch broke while it was loaded")
        what = f"{type(error).__name__} while it was loaded: {error}"
        done.set_exception(_cannot(version, what))


def _cannot(version: str, why: str) -> InputError:
    return InputError.single(f"branch {version}", why)


_ENDS_WITHIN_S = 5.0
_RETRY_S = 1.0
"""Pause after a branch that could not be had for now."""
