"""A cache of tokens, so that an encoder in memory tokenises the same texts once.

Arms of one study are trained and measured on the same texts, one after another, with one tokenizer.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

MOST_BYTES = 512 * 2**20
"""The largest size of the cache: about 60 million token ids."""

Made = TypeVar("Made")


class Remembered:
    """A cache of values made from texts. The least recently used value is removed first.

    The key is a hash of all texts, so that no value can be mistaken for another.

    Args:
        most_bytes: size of the cache.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes = most_bytes
        self._values: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._bytes = 0

    def of(
        self,
        what: object,
        columns: Sequence[Sequence[str]],
        make: Callable[[], Made],
        size: Callable[[Made], int],
    ) -> Made:
        """The value of some texts, from the cache or newly made.

        Args:
            what: everything else that the value depends on, such as the maximum length.
            columns: the texts.
            make: makes the value, which must not be changed afterwards.
            size: returns the bytes of a value.
        """
        key = _digest(what, columns)
        if key in self._values:
            self._values.move_to_end(key)
            cached: Made = self._values[key][0]
            return cached
        made = make()
        needed = size(made)
        if needed <= self.most_bytes:
            while self._bytes + needed > self.most_bytes:
                _, (_, freed) = self._values.popitem(last=False)
                self._bytes -= freed
            self._values[key] = (made, needed)
            self._bytes += needed
        return made


def _digest(what: object, columns: Sequence[Sequence[str]]) -> str:
    digest = hashlib.sha256(repr(what).encode())
    for texts in columns:
        digest.update(f"\0{len(texts)}".encode())
        for text in texts:
            content = text.encode("utf-8", "surrogatepass")
            digest.update(len(content).to_bytes(8, "little"))
            digest.update(content)
    return digest.hexdigest()
