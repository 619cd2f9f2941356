"""Words for what the record holds in code: decisions, faults, routes, outcomes.

Each is marked for Qt's own translation files and translated when it is shown, so that
the language can change while the console runs. Names of lines, stations, defects and
the text of logs are data and stay as they are.
"""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from inspector.types import NS_PER_S, Decision, Fault
from ui.view_model import Deed, Health, spoken_age

_CONTEXT = "words"

_DECISIONS = {
    Decision.PASS: QT_TRANSLATE_NOOP("words", "PASS"),
    Decision.REJECT: QT_TRANSLATE_NOOP("words", "REJECT"),
    Decision.REVIEW: QT_TRANSLATE_NOOP("words", "REVIEW"),
}
_FAULTS = {
    Fault.PICTURE_MISSING: QT_TRANSLATE_NOOP("words", "picture missing"),
    Fault.CHECKSUM: QT_TRANSLATE_NOOP("words", "checksum wrong"),
    Fault.DECODE: QT_TRANSLATE_NOOP("words", "picture unreadable"),
    Fault.PICTURE_UNUSABLE: QT_TRANSLATE_NOOP("words", "picture unusable"),
    Fault.NOT_A_NUMBER: QT_TRANSLATE_NOOP("words", "score not a number"),
    Fault.UNKNOWN: QT_TRANSLATE_NOOP("words", "not judged"),
    Fault.DEADLINE: QT_TRANSLATE_NOOP("words", "too late"),
    Fault.OVERLOAD: QT_TRANSLATE_NOOP("words", "overload"),
    Fault.MODEL_UNVERIFIED: QT_TRANSLATE_NOOP("words", "model not verified"),
    Fault.DRIFT: QT_TRANSLATE_NOOP("words", "shift has drifted"),
    Fault.EXCEPTION: QT_TRANSLATE_NOOP("words", "program fault"),
}
_HEALTH = {
    Health.GOOD: QT_TRANSLATE_NOOP("words", "good"),
    Health.MAINTENANCE: QT_TRANSLATE_NOOP("words", "maintenance required"),
    Health.OUT_OF_SPECIFICATION: QT_TRANSLATE_NOOP("words", "out of specification"),
    Health.FUNCTION_CHECK: QT_TRANSLATE_NOOP("words", "function check"),
    Health.FAILURE: QT_TRANSLATE_NOOP("words", "failure"),
    Health.UNKNOWN: QT_TRANSLATE_NOOP("words", "not reported"),
}
_DEEDS = {
    Deed.CONFIRM: QT_TRANSLATE_NOOP("words", "Confirm"),
    Deed.GOOD: QT_TRANSLATE_NOOP("words", "Good"),
    Deed.GOOD_FIX: QT_TRANSLATE_NOOP("words", "Good, fix process"),
    Deed.OTHER: QT_TRANSLATE_NOOP("words", "Other defect"),
    Deed.REWORK: QT_TRANSLATE_NOOP("words", "Rework"),
    Deed.SCRAP: QT_TRANSLATE_NOOP("words", "Scrap"),
    Deed.UNDO: QT_TRANSLATE_NOOP("words", "Undo"),
    Deed.SKIP: QT_TRANSLATE_NOOP("words", "Next"),
    Deed.MAP: QT_TRANSLATE_NOOP("words", "Map"),
    Deed.BLIND: QT_TRANSLATE_NOOP("words", "Blind"),
    Deed.COMMENT: QT_TRANSLATE_NOOP("words", "Comment"),
}
_OTHERS = {
    "picture": QT_TRANSLATE_NOOP("words", "picture"),
    "log": QT_TRANSLATE_NOOP("words", "log"),
    "both": QT_TRANSLATE_NOOP("words", "picture and log"),
    "none": QT_TRANSLATE_NOOP("words", "none"),
    "glance": QT_TRANSLATE_NOOP("words", "glance"),
    "full": QT_TRANSLATE_NOOP("words", "full look"),
    "complete": QT_TRANSLATE_NOOP("words", "log complete"),
    "partial": QT_TRANSLATE_NOOP("words", "log partial"),
    "late": QT_TRANSLATE_NOOP("words", "log late"),
    "missing": QT_TRANSLATE_NOOP("words", "log missing"),
    "confirmed": QT_TRANSLATE_NOOP("words", "confirmed"),
    "false_call": QT_TRANSLATE_NOOP("words", "false call"),
    "false_call_fix_process": QT_TRANSLATE_NOOP("words", "false call, fix the process"),
    "other_defect": QT_TRANSLATE_NOOP("words", "other defect"),
    "escape": QT_TRANSLATE_NOOP("words", "escape"),
    "withdrawn": QT_TRANSLATE_NOOP("words", "taken back"),
    "scrap": QT_TRANSLATE_NOOP("words", "scrap"),
    "rework": QT_TRANSLATE_NOOP("words", "rework"),
    "re_inspected": QT_TRANSLATE_NOOP("words", "re-inspected"),
    "use_as_is": QT_TRANSLATE_NOOP("words", "use as is"),
    "returned": QT_TRANSLATE_NOOP("words", "returned"),
    "operator": QT_TRANSLATE_NOOP("words", "operator"),
    "engineer": QT_TRANSLATE_NOOP("words", "engineer"),
    "auditor": QT_TRANSLATE_NOOP("words", "auditor"),
    "administrator": QT_TRANSLATE_NOOP("words", "administrator"),
    "decode": QT_TRANSLATE_NOOP("words", "decode"),
    "decide": QT_TRANSLATE_NOOP("words", "decide"),
    "store": QT_TRANSLATE_NOOP("words", "store"),
    "wait": QT_TRANSLATE_NOOP("words", "wait for the log"),
    "fuse": QT_TRANSLATE_NOOP("words", "fuse"),
    "route": QT_TRANSLATE_NOOP("words", "route"),
    "live": QT_TRANSLATE_NOOP("words", "live"),
    "shadow": QT_TRANSLATE_NOOP("words", "shadow"),
    "canary": QT_TRANSLATE_NOOP("words", "canary"),
    "rollback": QT_TRANSLATE_NOOP("words", "rollback"),
    "put_away": QT_TRANSLATE_NOOP("words", "put away"),
}
_UNITS = {
    "ms": QT_TRANSLATE_NOOP("words", "ms"),
    "s": QT_TRANSLATE_NOOP("words", "s"),
    "min": QT_TRANSLATE_NOOP("words", "min"),
    "h": QT_TRANSLATE_NOOP("words", "h"),
    "d": QT_TRANSLATE_NOOP("words", "d"),
}


def _said(source: object) -> str:
    """Translate a text that was marked; Qt's stubs call a marked one an object."""
    return QCoreApplication.translate(_CONTEXT, str(source))


def decision_word(decision: str) -> str:
    """Name a decision."""
    return _said(_DECISIONS[Decision(decision)])


def fault_word(fault: str) -> str:
    """Name a fault; one of a newer program by its code."""
    known = {each.value: words for each, words in _FAULTS.items()}
    return _said(known[fault]) if fault in known else fault


def health_word(health: Health) -> str:
    """Name how well something is."""
    return _said(_HEALTH[health])


def deed_word(deed: Deed) -> str:
    """Name what a person can do with a part."""
    return _said(_DEEDS[deed])


def code_word(code: str) -> str:
    """Name a route, look, outcome, disposition, role or act; unknown ones as coded."""
    return _said(_OTHERS[code]) if code in _OTHERS else code


def age_words(age_s: float | None) -> str:
    """Say an age: `0.4 s`, `3 min`; a dash where there is none."""
    value, unit = spoken_age(age_s)
    if not unit:
        return "\u2013"
    shown = f"{value:.1f}" if unit == "s" and value < 10 else f"{value:.0f}"  # noqa: PLR2004
    return f"{shown} {_said(_UNITS[unit])}"


def moment_words(moment_ns: int, *, date: bool = True) -> str:
    """Say a moment in local time, to the second."""
    moment = datetime.fromtimestamp(moment_ns / NS_PER_S).astimezone()
    return moment.strftime("%Y-%m-%d %H:%M:%S" if date else "%H:%M:%S")


def percent_words(value: float | None) -> str:
    """Say a share of 100; a dash where there is none."""
    return "\u2013" if value is None else f"{value:.1f} %"


def number_words(value: float | None, digits: int = 0) -> str:
    """Say a figure; a dash where there is none."""
    return "\u2013" if value is None else f"{value:,.{digits}f}".replace(",", "\u2009")
