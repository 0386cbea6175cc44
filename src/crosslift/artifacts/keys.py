"""Keys of artifacts: the hash of the value that identifies an artifact."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def key_of(content: Mapping[str, Any]) -> str:
    """The key of a JSON-like value: SHA-256 of its canonical JSON, 32 hexadecimal digits."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
