"""The kinds of targets: the data of each, the settings that it reads, and what its data can answer."""
