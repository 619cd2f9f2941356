"""Figures of a shift: trend, Pareto, p-chart, latency, rates with what they are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyqtgraph as pg
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
)

from connectors.database.reading.figures import Scope, shift_figures
from inspector.spc import Chart, ExactRate, ShiftFigures
from inspector.types import NS_PER_S, Decision
from ui.desk import Desk, Room, label, panel
from ui.records import Snapshot, shift_start
from ui.view_model import plain
from ui.words import code_word, decision_word, number_words

_SHIFT_NS = 8 * 3600 * NS_PER_S
_STEPS_S = 300
_MOST_BARS = 6


class UnderstandRoom(Room):
    """Charts and rates of one line and one time."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.figures: ShiftFigures | None = None
        self.line, self.span = QComboBox(), QComboBox()
        self.refresh_button = QPushButton()
        self.csv_button, self.pdf_button = QPushButton(), QPushButton()
        self.refresh_button.clicked.connect(self.refresh)
        self.csv_button.clicked.connect(lambda: self._export(".csv"))
        self.pdf_button.clicked.connect(lambda: self._export(".pdf"))
        self.line.activated.connect(self.refresh)
        self.span.activated.connect(self.refresh)
        self.charts = {name: pg.PlotWidget() for name in _CHARTS}
        self.rates = label()
        self._lay_out()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        row = QHBoxLayout()
        row.addWidget(self.line, 1)
        row.addWidget(self.span, 1)
        for button in (self.refresh_button, self.csv_button, self.pdf_button):
            row.addWidget(button)
        grid = QGridLayout()
        for at, chart in enumerate(self.charts.values()):
            chart.setMenuEnabled(False)
            chart.setMouseEnabled(x=False, y=False)
            chart.hideButtons()
            grid.addWidget(chart, at // 2, at % 2)
        frame = panel()
        inner = QVBoxLayout(frame)
        inner.addWidget(self.rates)
        inner.addStretch(1)
        body = QHBoxLayout()
        body.addLayout(grid, 3)
        body.addWidget(frame, 1)
        column.addLayout(row)
        column.addLayout(body, 1)

    def retranslate(self) -> None:
        """Say everything again."""
        self.refresh_button.setText(self.tr("Refresh"))
        self.csv_button.setText(self.tr("Save CSV"))
        self.pdf_button.setText(self.tr("Save PDF"))
        at = max(0, self.span.currentIndex())
        self.span.clear()
        for words in (self.tr("This shift"), self.tr("Last 24 h"), self.tr("7 days")):
            self.span.addItem(words)
        self.span.setCurrentIndex(at)
        if self.figures is not None:
            self._show(self.figures)

    def take(self, snapshot: Snapshot) -> None:
        """Offer the lines there are."""
        known = {self.line.itemData(at) for at in range(self.line.count())}
        for name in snapshot.lines:
            if name not in known:
                self.line.addItem(plain(name, 24), name)

    def entered(self) -> None:
        """Ask for the newest figures."""
        self.refresh()

    def refresh(self) -> None:
        """Ask for the figures of the line and time chosen."""
        scope = self._scope()
        if scope is None:
            return
        engine = self.desk.records.engine
        self.desk.bridge.ask(
            lambda: shift_figures(engine, scope, _STEPS_S),
            self._show,
            slot="figures",
            worker="slow",
        )

    def _scope(self) -> Scope | None:
        name, snapshot = self.line.currentData(), self.desk.snapshot
        if name is None or snapshot is None or name not in snapshot.lines:
            return None
        last = snapshot.lines[name].last
        if last is None:
            return None
        since_ns = shift_start(name, last.captured_ns)
        days = (0, 1, 7)[max(0, self.span.currentIndex())]
        if days:
            since_ns = last.captured_ns - days * 86_400 * NS_PER_S
        return Scope(
            line=name, since_ns=since_ns, until_ns=last.captured_ns + _SHIFT_NS
        )

    def _show(self, figures: ShiftFigures) -> None:
        self.figures = figures
        text = self.desk.theme.colour("text")
        for name, chart in self.charts.items():
            chart.setBackground(self.desk.theme.colour("raised"))
            chart.clear()
            chart.setTitle(self._titles()[name], color=text, size="12pt")
            for side in ("left", "bottom"):
                chart.getAxis(side).setPen(self.desk.theme.colour("faint"))
                chart.getAxis(side).setTextPen(text)
        self._chart("rejects", figures.rejects)
        self._bars("defects", figures.defects)
        self._bars("routes", {code_word(k): n for k, n in figures.routes.items()})
        p99 = {code_word(k): pair[1] for k, pair in figures.latency_ms.items()}
        self._bars("latency", p99)
        self._say_rates(figures)

    def _titles(self) -> Mapping[str, str]:
        return {
            "rejects": self.tr("Rejects, p-chart with exact limits (%)"),
            "defects": self.tr("Pareto of defects (parts)"),
            "routes": self.tr("Routes taken (parts)"),
            "latency": self.tr("Latency p99 by stage (ms)"),
        }

    def _chart(self, name: str, chart: Chart) -> None:
        plot, theme = self.charts[name], self.desk.theme
        xs = list(range(len(chart.points)))
        ys = [100 * point.value for point in chart.points]
        if not xs:
            return
        line = pg.mkPen(theme.colour("text"), width=2)
        plot.plot(xs, ys, pen=line, symbol="o", symbolSize=7, symbolBrush=line.color())
        limit = pg.mkPen(
            theme.colour("faint"), width=2, style=pg.QtCore.Qt.PenStyle.DashLine
        )
        for which in ("low", "high"):
            known = [
                (at, 100 * value)
                for at, point in enumerate(chart.points)
                if (value := getattr(point, which)) is not None
            ]
            if known:
                plot.plot(*zip(*known, strict=True), pen=limit)
        if chart.centre is not None:
            plot.addLine(y=100 * chart.centre, pen=pg.mkPen(theme.colour("faint")))
        odd = [(at, ys[at]) for at, point in enumerate(chart.points) if point.rules]
        if odd:
            plot.plot(
                *zip(*odd, strict=True),
                pen=None,
                symbol="d",
                symbolSize=15,
                symbolBrush=theme.colour("reject"),
            )

    def _bars(self, name: str, counts: Mapping[str, float]) -> None:
        plot = self.charts[name]
        most: Sequence[tuple[str, float]] = sorted(
            counts.items(), key=lambda pair: -pair[1]
        )[:_MOST_BARS]
        heights = [float(value) for _name, value in most]
        ink = self.desk.theme.colour("focus")
        plot.addItem(
            pg.BarGraphItem(x=range(len(most)), height=heights, width=0.6, brush=ink)
        )
        ticks = [(at, plain(each, 14)) for at, (each, _value) in enumerate(most)]
        plot.getAxis("bottom").setTicks([ticks])

    def _say_rates(self, figures: ShiftFigures) -> None:
        said = [plain(figures.line, 30), ""]
        for decision in Decision:
            word = decision_word(decision)
            said.append(f"{word}\n{_rate(figures.share(decision))}\n")
        found = figures.reviewed
        false_calls = self.tr("False calls of reviewed flags")
        said.append(f"{false_calls}\n{_rate(found.false_share)}\n")
        audited = self.tr("Bad in the blind audit")
        said.append(f"{audited}\n{_rate(found.bad_in_audit)}\n")
        per_part = number_words(figures.seconds_per_part, 1)
        said.append(self.tr("Seconds per review: {s}").format(s=per_part))
        if all(point.high is None for point in figures.rejects.points):
            words = self.tr("No control limits\nbefore 20 subgroups")
            said += ["", words]
        self.rates.setText("\n".join(said))

    def _export(self, ending: str) -> None:
        figures = self.figures
        if figures is None:
            return
        name, _kind = QFileDialog.getSaveFileName(
            self, self.tr("Save the report"), f"shift-{figures.line}{ending}"
        )
        if name:
            path = Path(name).with_suffix(ending)
            self.desk.bridge.ask(
                lambda: _write(figures, path),
                lambda _done: self.desk.bridge.trouble.emit(str(path)),
                worker="slow",
            )


_CHARTS = ("rejects", "defects", "routes", "latency")


def _rate(rate: ExactRate) -> str:
    if rate.value is None:
        return f"{rate.count} / {rate.of}"
    low, high = rate.interval or (0.0, 0.0)
    share = f"{100 * rate.value:.1f} %"
    return f"{rate.count} / {rate.of} = {share}\n({100 * low:.1f} … {100 * high:.1f})"


def _write(figures: ShiftFigures, path: Path) -> None:
    from inspector.reporting.shift import as_csv, write_pdf  # noqa: PLC0415 - slow

    if path.suffix == ".pdf":
        write_pdf(figures, path)
    else:
        path.write_text(as_csv(figures), encoding="utf-8")
