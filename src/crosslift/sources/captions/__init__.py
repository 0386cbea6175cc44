"""Captioned pictures: tables, COCO, Karpathy, Flickr, WebDataset, parquet and the Hugging Face hub."""

from __future__ import annotations

from crosslift.sources.captions.assemble import CaptionRecords
from crosslift.sources.captions.hub_captions import HubCaptions
from crosslift.sources.captions.language_check import LanguageShares, language_shares
from crosslift.sources.captions.published_captions import checksum_of, format_of, read_captions

__all__ = [
    "CaptionRecords",
    "HubCaptions",
    "LanguageShares",
    "checksum_of",
    "format_of",
    "language_shares",
    "read_captions",
]
