"""What stands follows from the acts alone."""

from __future__ import annotations

from typing import Any

import pytest

from inspector.branches import Act, BranchAct, Standing, is_canarys, standing
from inspector.errors import InputError
from tests.builders import an_act


def after(*acts: BranchAct) -> Standing:
    return standing("poly", acts)


def live(version: str, before: str | None) -> BranchAct:
    return an_act(version=version, from_version=before)


def test_before_any_act_the_settings_decide() -> None:
    found = after()
    assert (found.live, found.before, found.last_act) == (None, None, 0)


def test_the_first_act_remembers_what_the_settings_named() -> None:
    found = after(live("2", "1"))
    assert (found.live, found.before) == ("2", "1")


def test_a_rollback_leads_back_step_by_step_and_never_to_what_was_left() -> None:
    back = an_act(act=Act.ROLLBACK, version="2", from_version="3")
    found = after(live("2", "1"), live("3", "2"), back)
    assert (found.live, found.before) == ("2", "1")
    again = an_act(act=Act.ROLLBACK, version="1", from_version="2")
    found = after(live("2", "1"), live("3", "2"), back, again)
    assert (found.live, found.before) == ("1", None)


def test_a_version_that_is_used_again_stands_once() -> None:
    found = after(live("2", "1"), live("1", "2"))
    assert (found.live, found.before) == ("1", "2")


def test_a_branch_that_was_put_away_is_nothing_to_return_to() -> None:
    away = an_act(act=Act.PUT_AWAY, version="1", from_version="2")
    found = after(live("2", "1"), away, live("3", "1"))
    assert (found.live, found.before) == ("3", "1")


def test_a_trial_that_is_put_away_ends_and_what_is_live_stays() -> None:
    shadow = an_act(act=Act.SHADOW, version="3", from_version="2")
    away = an_act(act=Act.PUT_AWAY, version="2", from_version="3")
    found = after(live("2", "1"), shadow, away)
    assert (found.live, found.before, found.shadow) == ("2", "1", None)


def test_shadow_becomes_canary_becomes_live() -> None:
    shadow = an_act(act=Act.SHADOW, version="2", from_version="1")
    canary = an_act(act=Act.CANARY, version="2", from_version="1", every=20)
    assert after(shadow).shadow == "2"
    found = after(shadow, canary)
    assert (found.shadow, found.canary, found.every) == (None, "2", 20)
    found = after(shadow, canary, live("2", "1"))
    assert (found.live, found.canary, found.every) == ("2", None, None)


def test_a_withdrawn_trial_ends_and_nothing_else_does() -> None:
    shadow = an_act(act=Act.SHADOW, version="3", from_version="2")
    canary = an_act(act=Act.CANARY, version="4", from_version="2", every=10)
    withdrawn = an_act(act=Act.WITHDRAWN, version="4", from_version="2")
    found = after(live("2", "1"), shadow, canary, withdrawn)
    assert (found.live, found.shadow, found.canary) == ("2", "3", None)


def test_another_lines_acts_do_not_count() -> None:
    assert after(an_act(line="mono")).live is None


def test_the_newest_number_is_told() -> None:
    assert after(an_act(id=17), an_act(id=23)).last_act == 23


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"who": " "}, "who does it"),
        ({"why": ""}, "why"),
        ({"every": 5}, "for a canary"),
        ({"act": Act.CANARY}, "for a canary"),
        ({"act": Act.CANARY, "every": 0}, "not above 0"),
    ],
)
def test_an_act_says_who_why_and_how_often(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        an_act(**wrong)


def test_the_canarys_share_is_as_wanted_and_always_the_same() -> None:
    chosen = [at for at in range(10_000) if is_canarys("poly", "cam-1", at, 20)]
    assert 400 < len(chosen) < 600
    # Fixed for ever: a replay years later must choose the same parts.
    assert chosen[:3] == [33, 45, 62]
    assert all(is_canarys("poly", "cam-1", at, 1) for at in range(50))
