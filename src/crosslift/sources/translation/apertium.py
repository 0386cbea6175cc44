"""Translation by Apertium, an installed rule-based program.

Forcada et al. 2011, "Apertium: a free/open-source platform for rule-based machine translation",
Machine Translation 25(2).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosslift.artifacts.files import cached_sha256
from crosslift.errors import DataError
from crosslift.sources.translation.apertium_stream import (
    MARKS,
    decode,
    encode,
    lines_and_breaks,
    tidy,
)
from crosslift.sources.translation.codes import engine_code
from crosslift.sources.translation.engines import Advance
from crosslift.sources.translation.marks import Piece, put_marks, take_marks

PROGRAM = "apertium"
OLDEST = (3, 8)
"""The first version that binds blanks to words."""

_PACKAGES: Mapping[str, str] = {  # language -> Debian package of the pair from English
    "bs": "apertium-hbs-eng",
    "ca": "apertium-eng-cat",
    "eo": "apertium-eo-en",
    "es": "apertium-eng-spa",
    "gl": "apertium-en-gl",
    "hr": "apertium-hbs-eng",
    "sh": "apertium-hbs-eng",
    "sr": "apertium-hbs-eng",
}
_PAIR_CODES = {"bs": "hbs_BS", "hr": "hbs_HR", "sh": "hbs", "sr": "hbs_SR"}
_HELPER_PROGRAMS = ("wblank-mode", "wblank-attach", "wblank-detach")
_TEXTS_AT_ONCE = 256
_SECONDS_TO_END = 5.0
_LONGEST_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class Installation:
    """The installed Apertium.

    Args:
        program: path of the program.
        version: such as ``3.8.3``.
        pairs: the installed pairs, such as ``eng-spa``.
    """

    program: str
    version: str
    pairs: tuple[str, ...]

    @property
    def from_english(self) -> dict[str, str]:
        """Apertium's code of a language -> the pair that translates English into it."""
        pairs_by_target: dict[str, str] = {}
        for pair in self.pairs:
            source, _, target = pair.partition("-")
            if source in ("eng", "en") and "-" not in target:
                pairs_by_target.setdefault(target, pair)
        return pairs_by_target


def installation(languages: Sequence[str] = ()) -> Installation:
    """The installed Apertium.

    Args:
        languages: BCP-47 codes for which an error names the packages.

    Raises:
        DataError: it is not on the PATH, is too old, or fails.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise DataError(
            f"the program `{PROGRAM}` is not installed",
            f"Apertium {'.'.join(map(str, OLDEST))} or later on the PATH",
            f"on Debian or Ubuntu: `apt-get install {' '.join(packages(languages))}`; elsewhere: "
            "https://wiki.apertium.org/wiki/Installation",
        )
    output = _run([program, "-V"], b"").decode(errors="replace")
    version = re.search(r"\d+(\.\d+)+", output)
    if version is None or tuple(map(int, version[0].split(".")))[:2] < OLDEST:
        raise DataError(
            f"{program} reports the version {output.strip() or 'nothing'}",
            f"Apertium {'.'.join(map(str, OLDEST))} or later",
            "install a later one",
        )
    listed = _run([program, "-l"], b"").decode(errors="replace")
    return Installation(program, version[0], tuple(listed.split()))


def packages(languages: Sequence[str]) -> list[str]:
    """The Debian packages that translate from English into some languages."""
    names = [_package(code) for code in languages]
    return [PROGRAM, *dict.fromkeys(name for name in names if name)]


def _package(code: str) -> str | None:
    return _PACKAGES.get(code.partition("-")[0].lower())


class Apertium:
    """Apertium, with its pairs from English into some languages.

    Args:
        languages: BCP-47 codes.
        codes: BCP-47 code -> Apertium's, if it cannot be derived.

    Raises:
        DataError: the program or a pair is missing.
    """

    def __init__(self, languages: Sequence[str], codes: Mapping[str, str]) -> None:
        self._installed = installation(languages)
        self._pairs = {code: self._pair(code, codes) for code in languages}

    def _pair(self, code: str, codes: Mapping[str, str]) -> str:
        legal = self._installed.from_english
        usual = {c: pair_code for c, pair_code in _PAIR_CODES.items() if pair_code in legal}
        package = _package(code)
        advice = f"`apt-get install {package}`" if package else "`apt-cache search apertium-`"
        installed = ", ".join(self._installed.pairs) or "none"
        remedy = f"install the pair (on Debian or Ubuntu: {advice}); installed pairs: {installed}"
        return legal[engine_code(code, legal, usual | dict(codes), "Apertium", remedy)]

    def facts(self) -> dict[str, Any]:
        """Version, and checksums of the programs and of each pair's data.

        Raises:
            DataError: a pair's data is not in Apertium's data folder.
        """
        pairs = {code: self._facts_of_pair(pair) for code, pair in self._pairs.items()}
        return {"engine": "apertium", "version": self._installed.version, "pairs": pairs}

    def _facts_of_pair(self, pair: str) -> dict[str, str]:
        mode = data_folder(self._installed.program) / "modes" / f"{pair}.mode"
        if not mode.is_file():
            raise DataError(
                f"the pair {pair} of Apertium has no file {mode}",
                "the pair's data in that folder",
                "set APERTIUM_DATADIR to Apertium's data folder",
            )
        text = mode.read_text(encoding="utf-8")
        words = [word.strip("'\"") for word in text.split()]
        data = sorted({Path(word) for word in words if "/" in word and Path(word).is_file()})
        sums = [cached_sha256(path) for path in (mode, *data, *_programs(text))]
        return {"pair": pair, "files": hashlib.sha256(";".join(sums).encode()).hexdigest()}

    def mark(self, text: str, start: int, end: int) -> str | None:
        """The text with marks that become blanks bound to words."""
        return put_marks(text, start, end, MARKS)

    def unmark(self, text: str) -> Piece | None:
        """The text and the translated piece."""
        return take_marks(text, MARKS)

    def translate(
        self, texts: Sequence[str], language: str, advance: Advance = lambda _: None
    ) -> list[str | None]:
        """The translation of each text, line by line.

        Raises:
            DataError: the program fails, or does not return one translation per line.
        """
        translations: list[str | None] = []
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            some = texts[start : start + _TEXTS_AT_ONCE]
            translations += self._translate(some, self._pairs[language])
            advance(len(some))
        return translations

    def _translate(self, texts: Sequence[str], pair: str) -> list[str]:
        split = [lines_and_breaks(text) for text in texts]
        lines = [line for some, _ in split for line in some]
        translated = iter(self._translate_lines(lines, pair))
        joined = []
        for some, breaks in split:
            parts = [next(translated) for _ in some]
            joined.append(
                "".join(part + gap for part, gap in zip(parts, [*breaks, ""], strict=True))
            )
        return [text.strip() for text in joined]

    def _translate_lines(self, lines: Sequence[str], pair: str) -> list[str]:
        distinct = list(dict.fromkeys(line for line in lines if line))
        if not distinct:
            return [""] * len(lines)
        documents = [encode(line, number) for number, line in enumerate(distinct)]
        sent = "".join(f"{document}\0" for document in documents).encode()
        command = [self._installed.program, "-u", "-z", "-f", "none", pair]
        outputs = _read(_run(command, sent), len(distinct), pair)
        translations = {
            line: tidy(text, line) for line, text in zip(distinct, outputs, strict=True)
        }
        return [translations.get(line, "") for line in lines]


def data_folder(program: str) -> Path:
    """Apertium's folder of data: APERTIUM_DATADIR, or ``share/apertium`` beside the program."""
    folder = os.environ.get("APERTIUM_DATADIR")
    return Path(folder) if folder else Path(program).resolve().parent.parent / "share" / "apertium"


def _programs(mode: str) -> list[Path]:
    """The programs that a mode calls and the helper programs: sorted by name, each once."""
    called_programs = [words.split()[0] for words in mode.split("|") if words.split()]
    names = {*called_programs, *(f"{PROGRAM}-{name}" for name in _HELPER_PROGRAMS)}
    paths = [shutil.which(name) for name in sorted(names)]
    by_name = {path.name: path for path in sorted(Path(each) for each in paths if each)}
    return list(by_name.values())


def _read(output: bytes, count: int, pair: str) -> list[str]:
    documents = output.decode(errors="replace").split("\0")
    whole = len(documents) >= count and not any(rest.strip() for rest in documents[count:])
    lines = [decode(document, number) for number, document in enumerate(documents[:count])]
    complete = [line for line in lines if line is not None]
    if not whole or len(complete) < count:
        raise DataError(
            f"Apertium's pair {pair} returned {len(complete)} complete translations of {count} texts",
            "one translation per text, in their order",
            f"try a later version of the pair, or another engine; `{PROGRAM} -l` lists the pairs",
        )
    return complete


def _run(command: Sequence[str], sent: bytes) -> bytes:
    """Returns the output of a program; an interrupt also stops it and everything that it started.

    Raises:
        DataError: it cannot be started, or fails.
    """
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise DataError(
            f"{command[0]} cannot be started: {error.strerror}", remedy="reinstall it"
        ) from error
    try:
        printed, errors = process.communicate(sent)
    except BaseException:
        _end(process)
        raise
    if process.returncode != 0:
        message = errors.decode(errors="replace").strip()[-_LONGEST_MESSAGE:] or "nothing"
        raise DataError(
            f"`{' '.join(command)}` ended with status {process.returncode}; it reported: {message}",
            "status 0",
            "run the command by hand to see whether Apertium works",
        )
    return printed


def _end(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
