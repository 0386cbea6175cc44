"""What `crosslift explore --serve` serves, and where. It loads nothing heavy."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from crosslift.errors import DataError, StudyError

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Names of this machine that work only on this machine."""
_LEAST_TOKEN = 16
_TOKEN = re.compile(r"[A-Za-z0-9._~-]+")
"""Characters that addresses, headers and cookies have as they are (RFC 3986, section 2.3)."""


@dataclass(frozen=True)
class LiveOptions:
    """What is served, and where.

    Args:
        run: folder of a run.
        host: host that the server is bound to.
        port: 0: any that is free.
        corpus: your file of texts.
        images: your folder of pictures.
        token: token that requests must have; None: one is made if the host is another than this
            machine.
    """

    run: Path
    host: str = "127.0.0.1"
    port: int = 8765
    corpus: Path | None = None
    images: Path | None = None
    token: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in LOOPBACK


def check_options(options: LiveOptions) -> None:
    """Checks the options before anything is loaded.

    Raises:
        StudyError: the libraries of the server are missing, or the token is too short or has
            other characters than an address.
        DataError: no such file or folder.
    """
    missing = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        raise StudyError(
            f"--serve needs {' and '.join(missing)}, which cannot be imported",
            remedy="pip install 'crosslift[live]'",
        )
    token = options.token
    if token is not None and (len(token) < _LEAST_TOKEN or not _TOKEN.fullmatch(token)):
        others = len(_TOKEN.sub("", token))
        raise StudyError(
            f"a token of {len(token)} characters{f', {others} of them of other kinds' * (others > 0)}",
            f"{_LEAST_TOKEN} or more characters: letters of English, digits, and - . _ ~",
            "leave --token out: one is made and printed",
        )
    if options.corpus is not None and not options.corpus.exists():
        raise DataError(f"no file {options.corpus}", "one text on each line, or a table")
    if options.images is not None and not options.images.is_dir():
        raise DataError(f"{options.images} is not a folder", "a folder of pictures")


def token_of(options: LiveOptions) -> str | None:
    """The token that requests must have: the one of the options, or a new one if other machines can
    reach the server; None: no request needs one."""
    if options.token is not None or options.is_local:
        return options.token
    return secrets.token_urlsafe(32)
