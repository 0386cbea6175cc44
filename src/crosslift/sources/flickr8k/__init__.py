"""Flickr8k: its photographs, one split of them for all publishers of captions, and the captions."""
