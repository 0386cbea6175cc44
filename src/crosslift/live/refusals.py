"""Why a request is refused."""

from __future__ import annotations

from collections.abc import Mapping


class Refusal(Exception):  # noqa: N818 (it is an answer, no fault of the program)
    """The answer to a request that is refused.

    Args:
        status: HTTP status.
        words: why.
        headers: further headers.
    """

    def __init__(self, status: int, words: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(words)
        self.status, self.words, self.headers = status, words, dict(headers or {})
