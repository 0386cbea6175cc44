"""Pictures of any bytes: raster files and SVG."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_any_bytes_are_a_picture_or_a_data_error() -> None:
    """In a process of its own, so that one that dies is a fault of this test, not its end."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("picture_inputs.py"))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
