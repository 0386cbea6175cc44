"""Makes src/crosslift/statistics/reference_noise.json from run folders:

    python -m benchmarks.reference_noise RUN...

Of several runs with the same target the first counts.
"""

from __future__ import annotations

import sys
from pathlib import Path

from crosslift.results.result_record import write_json_file
from crosslift.results.run_folder import RunFolder
from crosslift.statistics.planned import noise_of_run

PLACE = Path(__file__).parents[1] / "src/crosslift/statistics/reference_noise.json"


def main(runs: list[str]) -> None:
    """Writes the noise of the runs' targets."""
    entries: dict[str, object] = {}
    for run in runs:
        folder = RunFolder.read(Path(run))
        for target, noise in noise_of_run(folder.run, folder.verdicts).items():
            entries.setdefault(target, noise)
    write_json_file(PLACE, list(entries.values()))


if __name__ == "__main__":
    main(sys.argv[1:])
