"""Tokens that an encoder in memory does not make twice.

Arms of one study are trained and measured on the same texts, one after another, with one tokenizer.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

MOST_BYTES = 512 * 2**20
"""What is kept at most: of token ids, about 60 million tokens."""

Made = TypeVar("Made")


class Remembered:
    """What was made of texts, as long as there is room; what was not asked for longest goes first.

    It is kept by the texts' own hash, so that nothing can be mistaken for something else.

    Args:
        most_bytes: of what is kept.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes = most_bytes
        self._kept: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._bytes = 0

    def of(
        self,
        what: object,
        columns: Sequence[Sequence[str]],
        make: Callable[[], Made],
        size: Callable[[Made], int],
    ) -> Made:
        """What is made of some texts: as it was made before, or made now.

        Args:
            what: decides it beside the texts, such as the length at which they are cut.
            columns: the texts.
            make: makes it; what it returns must not be changed afterwards.
            size: bytes of it.
        """
        key = _digest(what, columns)
        if key in self._kept:
            self._kept.move_to_end(key)
            kept: Made = self._kept[key][0]
            return kept
        made = make()
        needed = size(made)
        if needed <= self.most_bytes:
            while self._bytes + needed > self.most_bytes:
                _, (_, freed) = self._kept.popitem(last=False)
                self._bytes -= freed
            self._kept[key] = (made, needed)
            self._bytes += needed
        return made


def _digest(what: object, columns: Sequence[Sequence[str]]) -> str:
    found = hashlib.sha256(repr(what).encode())
    for texts in columns:
        found.update(f"\0{len(texts)}".encode())
        for text in texts:
            content = text.encode("utf-8", "surrogatepass")
            found.update(len(content).to_bytes(8, "little"))
            found.update(content)
    return found.hexdigest()
