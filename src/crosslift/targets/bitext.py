"""Any bitext from a folder: two files per language, or one TSV file per language."""

from __future__ import annotations

from crosslift.errors import DataError
from crosslift.sources.bitext_files import load_folder
from crosslift.targets.kinds.bitexts import BitextData, BitextTarget
from crosslift.targets.protocols import OTHER_RETRIEVAL, RETRIEVAL
from crosslift.targets.target_settings import BitextSettings


def load_bitexts(settings: BitextSettings) -> BitextData:
    """The bitexts of a folder.

    Raises:
        DataError: no folder was named, a language is missing, or a file cannot be used.
    """
    if settings.data is None:
        raise DataError(
            f"target {settings.name!r} has no data",
            "`--data DIR` (in a study: `data: DIR`) with files such as NAME.de-en.de and NAME.de-en.en",
        )
    folder = load_folder(settings.data, settings.languages)
    return BitextData(folder.bitexts, gaps=folder.gaps, unread=folder.unread)


BITEXT = BitextTarget(
    name="bitext",
    title="own bitext",
    description="any bitext of a folder: NAME.de-en.de and .en, or NAME.de-en.tsv (needs --data)",
    metric="top1_accuracy",
    protocols=RETRIEVAL,
    others=OTHER_RETRIEVAL,
    load=load_bitexts,
    needs_data=True,
    licence="of your files",
    citation="your files",
)
