"""The repair station: the next part, why it was stopped, and one key to decide."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QImage, QPainter, QPainterPath
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QInputDialog,
    QLineEdit,
    QListView,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from connectors.database.people.reviewing import (
    Choice,
    Decided,
    PartRecord,
    ReviewDesk,
    SeenTooLittleError,
    part_of,
)
from connectors.database.reading.queries import Listed
from inspector.errors import InspectorError
from inspector.evidence import WindowRecord
from inspector.people import Person
from ui.desk import Desk, Room, label, panel
from ui.gallery import decode, heat, outline
from ui.models.rows import Index, RowsModel
from ui.records import Snapshot
from ui.view_model import (
    CODES,
    DECIDING,
    KEYS,
    Deed,
    WorkList,
    log_axis,
    median,
    name_of,
    plain,
    said_by,
)
from ui.widgets.log_axis import LogAxisView
from ui.widgets.picture import PictureView
from ui.widgets.signs import DecisionBanner, paint_decision
from ui.words import (
    code_word,
    decision_word,
    deed_word,
    fault_word,
    moment_words,
    number_words,
)

_QUEUE = 256
_LOOK_MS, _PRESENT_MS = 1500, 8000
REASONS = ("crack", "scratch", "contamination", "soldering", "lighting", "handling")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """All that is shown of a part, decoded."""

    row: Listed
    record: PartRecord | None
    window: WindowRecord | None
    image: QImage | None
    heat: QImage | None
    outline: QPainterPath | None
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    good: QImage | None
    good_name: str
    good_passed: bool
    golden: QImage | None
    similar: tuple[tuple[float, Listed], ...]


class _QueueRow(QStyledItemDelegate):
    """Paints a waiting part: its sign, its name, its line and moment."""

    def __init__(self, desk: Desk, queue: RowsModel[Listed]) -> None:
        super().__init__()
        self._desk, self._queue = desk, queue
        self.is_blind = False

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """As high as a finger needs."""
        return QSize(180, max(52, self._desk.theme.target))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Paint one row."""
        row = self._queue.row(index.row())
        if row is None:
            return
        theme = self._desk.theme
        rect, state = option.rect, option.state
        is_chosen = bool(state & QStyle.StateFlag.State_Selected)
        if is_chosen:
            painter.fillRect(rect, theme.colour("focus"))
        sign = QRectF(rect.x() + 8, rect.y() + 10, 32, 32)
        decision = None if self.is_blind else row.decision
        paint_decision(painter, sign, decision, theme)
        font = painter.font()
        font.setPixelSize(17)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(theme.colour("on_focus" if is_chosen else "text"))
        words = rect.adjusted(50, 5, -6, -rect.height() // 2)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, name_of(row))
        font.setPixelSize(13)
        font.setBold(False)
        painter.setFont(font)
        said = f"{plain(row.line, 14)}  {moment_words(row.captured_ns, date=False)}"
        low = rect.adjusted(50, rect.height() // 2, -6, -3)
        painter.drawText(low, Qt.AlignmentFlag.AlignVCenter, said)


class ReviewRoom(Room):
    """The work list, the part on the screen, and the keys to decide."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        session = desk.session
        self.reviewing = ReviewDesk(desk.records.engine, session.console)
        self.work = WorkList()
        self.seconds: list[float] = []
        """How long each decision took here."""
        self._seen: _Seen | None = None
        self._compared: _Compared | None = None
        self._opened_s = 0.0
        self._done: list[tuple[Decided, Listed]] = []
        self._busy = False
        self._map_on = True
        self.is_blind = False
        self._words: Callable[[], str] = str
        self.buttons: dict[Deed, QPushButton] = {}
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._build()
        self._timers = (QTimer(self), QTimer(self))
        self._timers[0].timeout.connect(self.refresh)
        self._timers[1].timeout.connect(self._be_present)
        self.retranslate()

    # What it looks like.

    def _build(self) -> None:
        theme = self.desk.theme
        self.queue = RowsModel[Listed]((name_of,), lambda: ("",))
        self.list = QListView()
        self._painter = _QueueRow(self.desk, self.queue)
        self.list.setModel(self.queue)
        self.list.setItemDelegate(self._painter)
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.clicked.connect(self._clicked)
        self.banner = DecisionBanner(theme, 76)
        self.picture, self.good = PictureView(theme), PictureView(theme)
        self.golden = PictureView(theme)
        self.golden.hide()
        self.axis = LogAxisView(theme)
        self.log_words = label()
        self.log_words.setWordWrap(True)
        self.facts = label()
        self.facts.setWordWrap(True)
        self.facts.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.similar = RowsModel[tuple[float, Listed]]((_similar_words,), lambda: ("",))
        self.similar_list = QListView()
        self.similar_list.setModel(self.similar)
        self.similar_list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.similar_list.clicked.connect(self._similar_clicked)
        self._lay_out()

    def _lay_out(self) -> None:
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 10, 12, 10)
        whole.setSpacing(8)
        columns = QHBoxLayout()
        columns.setSpacing(10)
        columns.addLayout(self._left())
        columns.addLayout(self._middle(), 1)
        columns.addWidget(self._right())
        whole.addLayout(columns, 1)
        whole.addLayout(self._deeds())

    def _left(self) -> QVBoxLayout:
        column = QVBoxLayout()
        self._queue_words = label(title=True)
        self.list.setFixedWidth(204)
        self._done_words = label(faint=True)
        self._done_words.setWordWrap(True)
        self._done_words.setFixedWidth(204)
        column.addWidget(self._queue_words)
        column.addWidget(self.list, 1)
        column.addWidget(self._done_words)
        return column

    def _middle(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(6)
        pictures = QHBoxLayout()
        pictures.addWidget(self.picture, 3)
        pictures.addWidget(self.good, 2)
        pictures.addWidget(self.golden, 2)
        column.addWidget(self.banner)
        column.addLayout(pictures, 1)
        column.addWidget(self.axis)
        column.addWidget(self.log_words)
        return column

    def _right(self) -> QWidget:
        frame = panel()
        frame.setFixedWidth(236)
        column = QVBoxLayout(frame)
        column.setContentsMargins(10, 8, 10, 8)
        self.said = label(warn=True)
        self.said.setWordWrap(True)
        self.said.hide()
        self._similar_title = label(title=True)
        self.reason = QComboBox()
        self.reason.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.comment = QLineEdit()
        self.comment.setMaxLength(500)
        self.comment.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.comment.returnPressed.connect(self.setFocus)
        column.addWidget(self.said)
        column.addWidget(self.facts)
        column.addWidget(self._similar_title)
        column.addWidget(self.similar_list, 1)
        column.addWidget(self.reason)
        column.addWidget(self.comment)
        return frame

    def _deeds(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        shown = [deed for deed in Deed if deed is not Deed.COMMENT]
        for deed in shown:
            button = QPushButton()
            button.setProperty("primary", True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setMinimumWidth(self.desk.theme.primary)
            button.clicked.connect(self._doer(deed))
            self.buttons[deed] = button
            row.addWidget(button, 3 if deed in DECIDING else 2)
        return row

    def _doer(self, deed: Deed) -> Callable[[], None]:
        return lambda: self.do(deed)

    def retranslate(self) -> None:
        """Say everything again."""
        for deed, button in self.buttons.items():
            words = deed_word(deed).replace(", ", ",\n")
            button.setText(f"{words}\n[{KEYS[deed]}]")
        self._similar_title.setText(self.tr("Similar parts before"))
        hint = self.tr("Comment  [T]")
        self.comment.setPlaceholderText(hint)
        at = max(0, self.reason.currentIndex())
        self.reason.clear()
        self.reason.addItem(self.tr("Reason code: none"), None)
        for code, words in self._reasons():
            self.reason.addItem(words, code)
        self.reason.setCurrentIndex(at)
        self.golden.set_title(self.tr("Golden sample"))
        if self._compared is not None:
            self._show_compared(self._compared)
        self._say()
        self._show_words()

    def _reasons(self) -> tuple[tuple[str, str], ...]:
        words = (
            self.tr("Crack"),
            self.tr("Scratch"),
            self.tr("Contamination"),
            self.tr("Soldering"),
            self.tr("Lighting"),
            self.tr("Handling"),
        )
        return tuple(zip(REASONS, words, strict=True))

    # What happens.

    def entered(self) -> None:
        """Begin to look for parts that wait."""
        self.setFocus()  # not to the comment: letters are deeds here
        self._timers[0].start(_LOOK_MS)
        self._timers[1].start(_PRESENT_MS)
        self.refresh()

    def left(self) -> None:
        """Say that the part is not open here any more."""
        for timer in self._timers:
            timer.stop()
        self._close()

    def take(self, _snapshot: Snapshot) -> None:
        """Nothing: the work list is asked for while this room is shown."""

    def person_changed(self) -> None:
        """Somebody else is here."""
        self._say()
        if self._seen is not None and self._person is not None:
            self._open(self._seen.row)

    @property
    def is_ready(self) -> bool:
        """Whether a part is on the screen that can be decided about."""
        return self._seen is not None and not self._busy

    @property
    def _person(self) -> Person | None:
        return self.desk.session.person

    def refresh(self) -> None:
        """Ask for the parts that wait."""
        desk, blind = self.reviewing, self.is_blind
        ask = desk.audit_queue if blind else desk.queue

        def then(rows: list[Listed]) -> None:
            self._joined(rows, blind=blind)

        self.desk.bridge.ask(
            lambda: ask(size=_QUEUE), then, slot="queue", failed=lambda _error: None
        )

    def _joined(self, rows: list[Listed], *, blind: bool) -> None:
        if blind != self.is_blind:
            return
        waiting = {row.id for row in rows}
        shown = self._seen.row.id if self._seen else None
        if len(rows) < _QUEUE:  # all are known: who is missing was decided elsewhere
            for part in list(self.work.parts):
                if part.id not in waiting and part.id != shown:
                    self.work.leave(part.id)
        self.work.join(rows)
        self._show_queue()
        if self._seen is None:
            self._open_current()

    def _show_queue(self) -> None:
        self.queue.show([part for part in self.work.parts if isinstance(part, Listed)])
        at = self.queue.index(self.work.at, 0)
        self.list.setCurrentIndex(at)
        self.list.scrollTo(at)
        self._say()

    def _clicked(self, index: QModelIndex) -> None:
        self.work.at = index.row()
        self._open_current()

    def _similar_clicked(self, index: QModelIndex) -> None:
        found = self.similar.row(index.row())
        if found is not None:
            self.show_row(found[1])

    def step(self, by: int) -> None:
        """Go to the next part, or to the one before."""
        if by > 0:
            self.work.skip()
        else:
            self.work.back()
        self._show_queue()
        self._open_current()

    def show_row(self, row: object) -> None:
        """Show a part that somebody chose elsewhere."""
        if isinstance(row, Listed):
            self.work.come_back(row)
            self._show_queue()
            self._open(row)

    def scanned(self, code: str) -> None:
        """Do what a scanned code says, or find the part of that serial."""
        deed = CODES.get(code)
        if deed is not None:
            self.do(deed)
            return

        def then(rows: list[Listed]) -> None:
            if rows:
                self.show_row(rows[0])
            else:
                told = plain(code, 40)
                self._tell(lambda: self.tr("No part {part}").format(part=told))

        self.desk.bridge.ask(lambda: self.reviewing.find(code), then, slot="scan")

    def do(self, deed: Deed) -> None:
        """Do what a key, a button or a barcode says."""
        plain_deeds: dict[Deed, Callable[[], None]] = {
            Deed.UNDO: self._undo,
            Deed.SKIP: lambda: self.step(1),
            Deed.MAP: self._toggle_map,
            Deed.BLIND: self._toggle_blind,
            Deed.COMMENT: self.comment.setFocus,
        }
        if deed in plain_deeds:
            plain_deeds[deed]()
        elif deed is Deed.OTHER:
            self._decide(deed, self._other_defect())
        else:
            self._decide(deed, None)

    def _other_defect(self) -> str | None:
        """Take the reason code for the kind; ask only where none is chosen."""
        chosen = self.reason.currentData()
        if chosen:
            return str(chosen)
        names = [words for _code, words in self._reasons()]
        title, words = self.tr("Other defect"), self.tr("Which defect is it?")
        said, is_sure = QInputDialog.getItem(self, title, words, names, 0, True)
        known = {shown: code for code, shown in self._reasons()}
        return known.get(said, plain(said, 64)) if is_sure and said else ""

    def _decide(self, deed: Deed, defect: str | None) -> None:
        seen, person = self._seen, self._person
        if seen is None or self._busy or defect == "":
            return
        if person is None or seen.record is None:
            self._tell(lambda: self.tr("Log in to decide"))
            return
        said = said_by(deed, seen.row.decision)
        choice = Choice(
            outcome=said.outcome,
            defect=defect,
            disposition=said.disposition,
            reason_code=self.reason.currentData(),
            comment=plain(self.comment.text()) or None,
            blind=self.is_blind,
        )
        mark, part = seen.record.mark, part_of(seen.row)
        self._busy = True
        self.desk.bridge.ask(
            lambda: self.reviewing.decide(part, choice, person, mark),
            lambda decided: self._decided(decided, seen.row),
            failed=self._not_decided,
        )

    def _decided(self, decided: Decided, row: Listed) -> None:
        self._busy = False
        self._done.append((decided, row))
        self.seconds.append(time.monotonic() - self._opened_s)
        outcome, name = decided.word.outcome, name_of(row)
        words = outcome if decided.disposition is None else decided.disposition.kind
        self._tell(lambda: f"{name}: {code_word(words)}")
        self.reason.setCurrentIndex(0)
        self.comment.clear()
        self.work.leave(row.id)
        self._seen = None
        self._show_queue()
        self._open_current()

    def _not_decided(self, error: InspectorError) -> None:
        self._busy = False
        if isinstance(error, SeenTooLittleError) and self._seen is not None:
            word = error.record.word
            who = "" if word is None else plain(word.who, 40)
            what = "" if word is None else word.outcome
            self._tell(
                lambda: self.tr("{who} was first: {what}. Look again.").format(
                    who=who, what=code_word(what)
                )
            )
            self._open(self._seen.row)
            return
        said = plain(str(error))
        self._tell(lambda: said)

    def _undo(self) -> None:
        person = self._person
        if not self._done or person is None or self._busy:
            self._tell(lambda: self.tr("Nothing to undo"))
            return
        decided, row = self._done[-1]
        self._busy = True

        def then(_nothing: None) -> None:
            self._busy = False
            self._done.pop()
            name = name_of(row)
            self._tell(lambda: self.tr("{part}: taken back").format(part=name))
            self.work.come_back(row)
            self._show_queue()
            self._open(row)

        self.desk.bridge.ask(
            lambda: self.reviewing.undo(decided, person),
            then,
            failed=self._not_decided,
        )

    def _toggle_map(self) -> None:
        self._map_on = not self._map_on
        self.picture.set_map(on=self._map_on and not self.is_blind, opacity=0.5)

    def _toggle_blind(self) -> None:
        """Hide verdicts and maps, and look at parts that passed."""
        self.is_blind = not self.is_blind
        self._painter.is_blind = self.is_blind
        self._close()
        self.work = WorkList()
        self._seen = None
        self._show_queue()
        self._clear()
        self.refresh()

    # The part on the screen.

    def _open_current(self) -> None:
        current = self.work.current
        if isinstance(current, Listed):
            self._open(current)
        else:
            self._close()
            self._seen = None
            self._clear()

    def _close(self) -> None:
        seen, person = self._seen, self._person
        if seen is not None and person is not None:
            part = part_of(seen.row)
            self.desk.bridge.ask(
                lambda: self.reviewing.close(part, person),
                lambda _nothing: None,
                failed=lambda _error: None,
            )

    def _open(self, row: Listed) -> None:
        if self._seen is None or self._seen.row.id != row.id:
            self._close()
            self._opened_s = time.monotonic()
        person, records = self._person, self.desk.records

        def work() -> _Seen:
            part, file = part_of(row), records.part_file(row)
            held = self.reviewing
            record = held.open(part, person) if person else held.record(part)
            cells = None if file.record is None else file.record.defect_map
            return _Seen(
                row=row,
                record=record,
                window=file.record,
                image=decode(file.picture),
                heat=heat(cells),
                outline=outline(cells),
                problem=file.problem,
            )

        self.desk.bridge.ask(work, self._show, slot="open")

    def _be_present(self) -> None:
        """Say again that the part is open here, and see who else has it open."""
        seen, person = self._seen, self._person
        if seen is None or person is None:
            return
        part = part_of(seen.row)

        def then(record: PartRecord) -> None:
            if self._seen is not None and self._seen.row.id == seen.row.id:
                self._show_others(record)

        self.desk.bridge.ask(
            lambda: self.reviewing.open(part, person),
            then,
            slot="present",
            failed=lambda _error: None,
        )

    def _show(self, seen: _Seen) -> None:
        is_new = self._seen is None or self._seen.row.id != seen.row.id
        self._seen = seen
        self.picture.show_picture(seen.image, seen.heat, seen.outline)
        on = self._map_on and not self.is_blind
        self.picture.set_map(on=on, opacity=0.5)
        if is_new:
            self.picture.reset_view()
            self._compared = None
            self.good.show_picture(None)
            self.similar.show([])
            self._compare(seen.row)
        self._show_words()
        if seen.record is not None:
            self._show_others(seen.record)

    def _show_words(self) -> None:
        seen = self._seen
        if seen is None:
            return
        row = seen.row
        hidden = self.tr("HIDDEN") if self.is_blind else ""
        hint = f"{plain(row.line, 20)} · {moment_words(row.captured_ns)}"
        self.banner.show_part(row.decision, name_of(row), hint, hidden)
        self.picture.set_title(self.tr("This part"))
        missing = plain(seen.problem) or self.tr("no picture was kept of this part")
        self.picture.set_empty(missing)
        window = None if self.is_blind else seen.window
        self.axis.show_axis(None if window is None else log_axis(window))
        self.log_words.setText("" if window is None else self._heavy_words(window))
        self.facts.setText("" if self.is_blind else self._facts(seen))

    def _heavy_words(self, window: WindowRecord) -> str:
        axis = log_axis(window)
        heavy = sorted(
            (line for line in axis.lines if line.is_heavy),
            key=lambda line: -(line.weight or 0.0),
        )
        return "\n".join(
            f"{100 * (line.weight or 0):3.0f} %  {line.seconds:+.0f} s  "
            f"{line.station}  {line.level}  {plain(line.text, 78)}"
            for line in heavy[:3]
        )

    def _facts(self, seen: _Seen) -> str:
        row, window = seen.row, seen.window
        lines = [plain(row.reason, 160)]
        if row.fault:
            lines.append(self.tr("Fault: {fault}").format(fault=fault_word(row.fault)))
        if row.defect:
            lines.append(self.tr("Defect: {kind}").format(kind=plain(row.defect, 40)))
        lines.append(self.tr("Score {score}").format(score=number_words(row.score, 3)))
        if window is not None:
            lines.append(
                self.tr("pass below {low:.3f}, reject at {high:.3f}").format(
                    low=window.rules.pass_below, high=window.rules.reject_at
                )
            )
            lines.append(code_word(window.log_context))
        route = code_word(row.route)
        lines.append(
            self.tr("Route: {route}, {look}").format(
                route=route, look=code_word(row.look or "none")
            )
        )
        branch = plain(row.branch_version, 24)
        lines.append(self.tr("Branch {version}").format(version=branch))
        lines.append(
            self.tr("Latency {ms} ms").format(ms=number_words(row.latency_ms, 1))
        )
        return "\n".join(lines)

    def _show_others(self, record: PartRecord) -> None:
        said = []
        for who, console in record.present:
            said.append(
                self.tr("{who} at {console} has this part open").format(
                    who=plain(who, 40), console=plain(console, 40)
                )
            )
        if record.word is not None:
            word = record.word
            said.append(
                self.tr("{who} said: {what}").format(
                    who=plain(word.who, 40), what=code_word(word.outcome)
                )
            )
        self.said.setText("\n".join(said))
        self.said.setVisible(bool(said))

    def _compare(self, row: Listed) -> None:
        records = self.desk.records

        def work() -> _Compared:
            good = records.last_good(row)
            return _Compared(
                good=None if good is None else decode(records.picture(good)),
                good_name="" if good is None else name_of(good),
                good_passed=good is not None and good.decision == "PASS",
                golden=decode(records.golden(row.line)),
                similar=tuple(records.similar(row)),
            )

        self.desk.bridge.ask(work, self._show_compared, slot="compare", worker="slow")

    def _show_compared(self, found: _Compared) -> None:
        self._compared = found
        self.good.show_picture(found.good)
        if found.good_passed:
            title = self.tr("Last good part {part}").format(part=found.good_name)
        else:
            title = self.tr("Not judged good: lowest score, {part}").format(
                part=found.good_name
            )
        self.good.set_title(title if found.good is not None else "")
        self.good.set_empty(self.tr("no good part was kept"))
        self.golden.setVisible(found.golden is not None)
        self.golden.show_picture(found.golden)
        self.similar.show([] if self.is_blind else list(found.similar))

    def _clear(self) -> None:
        self.banner.show_part(None, self.tr("no part waits"))
        for view in (self.picture, self.good):
            view.show_picture(None)
            view.set_title("")
            view.set_empty(self.tr("nothing waits for review"))
        self.axis.show_axis(None)
        self.log_words.setText("")
        self.facts.setText("")
        self.said.hide()
        self.similar.show([])

    def _tell(self, words: Callable[[], str]) -> None:
        self._words = words
        self._say()

    def _say(self) -> None:
        waiting = len(self.work.parts)
        more = "+" if waiting >= _QUEUE else ""
        title = self.tr("Blind audit") if self.is_blind else self.tr("To review")
        self._queue_words.setText(f"{title}: {waiting}{more}")
        said = [self._words()] if self._words is not str else []
        if self.seconds:
            said.append(
                self.tr("{n} decided, median {s} s each").format(
                    n=len(self.seconds), s=number_words(median(self.seconds), 1)
                )
            )
        if self._person is None:
            said.append(self.tr("Log in to decide"))
        self._done_words.setText("\n".join(said))


def _similar_words(found: tuple[float, Listed]) -> str:
    alike, row = found
    return f"{100 * alike:.0f} %  {decision_word(row.decision)}  {name_of(row)}"
