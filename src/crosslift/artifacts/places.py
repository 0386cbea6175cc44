"""Where CrossLift keeps what it makes: one folder in the user's cache, or ``CROSSLIFT_HOME``."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def home() -> Path:
    """The folder of everything CrossLift keeps between runs (converted encoders, the store)."""
    chosen = os.environ.get("CROSSLIFT_HOME")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("crosslift"))
