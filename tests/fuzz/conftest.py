"""The layouts of one fuzz target share its time."""

from __future__ import annotations

from collections import Counter

import pytest
from fuzz_settings import LAYOUTS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    LAYOUTS.clear()
    LAYOUTS.update(Counter(item.nodeid.partition("[")[0] for item in items))
