"""Colours and sizes: calm grey after ISA-101, colour for what is abnormal alone.

Sizes of what is touched are millimetres on the operator's screen, and become pixels by
its density.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from inspector.types import Decision
from ui.view_model import PRIMARY_MM, TARGET_MM, Health, pixels_of

FONTS = (
    "Segoe UI",
    "Noto Sans",
    "Noto Sans CJK SC",
    "Microsoft YaHei",
    "DejaVu Sans",
)
FIXED_FONTS = (
    "Noto Sans Mono",
    "Noto Sans Mono CJK SC",
    "Consolas",
    "DejaVu Sans Mono",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """What everything is painted with, as `#rrggbb`."""

    ground: str
    panel: str
    raised: str
    pressed: str
    edge: str
    text: str
    faint: str
    focus: str
    on_focus: str
    reject: str
    on_reject: str
    review: str
    on_review: str
    out_of_spec: str
    maintenance: str
    map_ink: str


LIGHT = Colours(
    ground="#dfe2e5",
    panel="#eceef0",
    raised="#f8f9fa",
    pressed="#ccd1d6",
    edge="#b9c0c6",
    text="#1b2126",
    faint="#4f5a63",
    focus="#27567f",
    on_focus="#ffffff",
    reject="#b3261e",
    on_reject="#ffffff",
    review="#f0a30a",
    on_review="#1b1400",
    out_of_spec="#e6c700",
    maintenance="#2f6fb0",
    map_ink="#e8112d",
)
DARK = Colours(
    ground="#16191c",
    panel="#1f2428",
    raised="#2a3036",
    pressed="#3a424a",
    edge="#454e57",
    text="#e8ebee",
    faint="#a4afb8",
    focus="#7fb2e0",
    on_focus="#0d1a26",
    reject="#e5484d",
    on_reject="#ffffff",
    review="#ffb224",
    on_review="#1b1400",
    out_of_spec="#f5d90a",
    maintenance="#70b8ff",
    map_ink="#ff3b56",
)


class Theme:
    """The colours in use, and sizes on this screen.

    Args:
        dark: for a dim hall.
        dots_per_inch: of the screen.
    """

    def __init__(self, *, dark: bool, dots_per_inch: float) -> None:
        self.is_dark = dark
        self.colours = DARK if dark else LIGHT
        self.target = pixels_of(TARGET_MM, dots_per_inch)
        self.primary = pixels_of(PRIMARY_MM, dots_per_inch)

    def change(self, *, dark: bool) -> None:
        """Use the other colours; whoever paints asks again."""
        self.is_dark = dark
        self.colours = DARK if dark else LIGHT

    def colour(self, name: str) -> QColor:
        """Give a colour by the name of its field."""
        return QColor(getattr(self.colours, name))

    def of_decision(self, decision: str | None) -> tuple[QColor, QColor]:
        """Give ground and ink of a decision's sign; good is neutral."""
        if decision == Decision.REJECT:
            return self.colour("reject"), self.colour("on_reject")
        if decision == Decision.REVIEW:
            return self.colour("review"), self.colour("on_review")
        return self.colour("raised"), self.colour("text")

    def of_health(self, health: Health) -> QColor:
        """Give the colour of an NE 107 word; good and unknown have none."""
        names = {
            Health.FAILURE: "reject",
            Health.FUNCTION_CHECK: "review",
            Health.OUT_OF_SPECIFICATION: "out_of_spec",
            Health.MAINTENANCE: "maintenance",
        }
        return self.colour(names.get(health, "faint"))

    def apply(self, app: QApplication) -> None:
        """Dress the whole application."""
        app.setStyle("Fusion")
        app.setPalette(self._palette())
        font = app.font()
        font.setFamilies(list(FONTS))
        font.setPixelSize(15)
        app.setFont(font)
        app.setStyleSheet(self._sheet())

    def _palette(self) -> QPalette:
        palette, role = QPalette(), QPalette.ColorRole
        for which, name in (
            (role.Window, "ground"),
            (role.Base, "raised"),
            (role.AlternateBase, "panel"),
            (role.Button, "raised"),
            (role.WindowText, "text"),
            (role.Text, "text"),
            (role.ButtonText, "text"),
            (role.PlaceholderText, "faint"),
            (role.Highlight, "focus"),
            (role.HighlightedText, "on_focus"),
            (role.ToolTipBase, "panel"),
            (role.ToolTipText, "text"),
            (role.Mid, "edge"),
        ):
            palette.setColor(which, self.colour(name))
        return palette

    def _sheet(self) -> str:
        c = self.colours
        return f"""
QWidget {{ color: {c.text}; }}
QMainWindow, QDialog {{ background: {c.ground}; }}
QFrame[panel="true"] {{
  background: {c.panel}; border: 1px solid {c.edge}; border-radius: 6px; }}
QFrame[bar="true"] {{ background: {c.panel}; border: 0; }}
QLabel {{ background: transparent; border: 0; }}
QLabel[faint="true"] {{ color: {c.faint}; }}
QLabel[title="true"] {{ font-size: 17px; font-weight: 600; }}
QLabel[big="true"] {{ font-size: 26px; font-weight: 600; }}
QLabel[warn="true"] {{
  background: {c.review}; color: {c.on_review}; border-radius: 4px;
  padding: 4px 10px; font-weight: 700; }}
QLabel[bad="true"] {{
  background: {c.reject}; color: {c.on_reject}; border-radius: 4px;
  padding: 4px 10px; font-weight: 700; }}
QPushButton, QToolButton {{
  background: {c.raised}; border: 1px solid {c.edge}; border-radius: 6px;
  padding: 4px 12px; min-height: {self.target - 10}px; font-size: 16px; }}
QPushButton:pressed, QToolButton:pressed {{ background: {c.pressed}; }}
QPushButton:checked, QToolButton:checked {{
  background: {c.focus}; color: {c.on_focus}; border-color: {c.focus}; }}
QPushButton:disabled, QToolButton:disabled {{ color: {c.edge}; }}
QPushButton:focus, QToolButton:focus {{ border: 2px solid {c.focus}; }}
QPushButton[primary="true"] {{
  min-height: {self.primary - 6}px; font-size: 15px; font-weight: 600;
  padding: 2px 4px; }}
QToolButton[nav="true"] {{
  border: 0; border-radius: 0; background: transparent; padding: 2px;
  font-size: 14px; min-height: {self.target}px; }}
QToolButton[nav="true"]:checked {{
  background: {c.pressed}; color: {c.text}; border-left: 5px solid {c.focus}; }}
QLineEdit, QComboBox, QSpinBox, QDateTimeEdit, QPlainTextEdit {{
  background: {c.raised}; border: 1px solid {c.edge}; border-radius: 6px;
  padding: 4px 8px; font-size: 16px; }}
QLineEdit, QComboBox, QSpinBox, QDateTimeEdit {{ min-height: {self.target - 10}px; }}
QLineEdit:focus, QComboBox:focus, QPlainTextEdit:focus {{
  border: 2px solid {c.focus}; }}
QComboBox::drop-down {{ width: 34px; border: 0; }}
QComboBox QAbstractItemView {{ background: {c.raised}; font-size: 16px; }}
QTableView, QListView {{
  background: {c.raised}; alternate-background-color: {c.panel};
  border: 1px solid {c.edge}; border-radius: 6px; gridline-color: {c.edge};
  selection-background-color: {c.focus}; selection-color: {c.on_focus}; }}
QHeaderView::section {{
  background: {c.panel}; color: {c.faint}; border: 0;
  border-bottom: 1px solid {c.edge}; padding: 8px; font-size: 14px; }}
QSlider::groove:horizontal {{
  height: 10px; background: {c.pressed}; border-radius: 5px; }}
QSlider::handle:horizontal {{
  width: 38px; margin: -16px 0; background: {c.raised};
  border: 2px solid {c.faint}; border-radius: 8px; }}
QScrollBar:vertical {{ background: {c.panel}; width: 22px; margin: 0; }}
QScrollBar::handle:vertical {{
  background: {c.edge}; min-height: 56px; border-radius: 6px; margin: 3px; }}
QScrollBar:horizontal {{ background: {c.panel}; height: 18px; margin: 0; }}
QScrollBar::handle:horizontal {{
  background: {c.edge}; min-width: 56px; border-radius: 5px; margin: 3px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollArea {{ border: 0; background: transparent; }}
QScrollArea > QWidget > QWidget {{ background: transparent; }}
QToolTip {{ background: {c.panel}; color: {c.text}; border: 1px solid {c.edge}; }}
"""
