"""English and Chinese by Qt's own translation files, switched while the console runs.

The files are made by `pyside6-lupdate` and `pyside6-lrelease`, see `docs/console.md`;
the compiled ones are committed, because an installed console has no such tools, and a
test compares them with their sources.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

LANGUAGES = ("en", "zh")
FOLDER = Path(__file__).parent / "translations"


class Languages:
    """Installs the translators of one language at a time."""

    def __init__(self) -> None:
        self.current = "en"
        self._installed: list[QTranslator] = []

    def use(self, language: str) -> None:
        """Speak this language from now on; every window is told to say it again."""
        for translator in self._installed:
            QCoreApplication.removeTranslator(translator)
        self.current = language
        chinese, english = QLocale.Language.Chinese, QLocale.Language.English
        QLocale.setDefault(QLocale(chinese if language == "zh" else english))
        qts_own = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        names = [(f"console_{language}", str(FOLDER))]
        if language == "zh":
            names.insert(0, ("qtbase_zh_CN", qts_own))
        self._installed = [_loaded(name, folder) for name, folder in names]
        for translator in self._installed:
            QCoreApplication.installTranslator(translator)


def _loaded(name: str, folder: str) -> QTranslator:
    translator = QTranslator()
    translator.load(name, folder)
    return translator
