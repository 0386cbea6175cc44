"""Flickr8k: its photographs, one split of them for all who published captions, and the captions."""
