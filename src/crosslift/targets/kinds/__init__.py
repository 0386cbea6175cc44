"""The kinds of target: what each holds, which settings it reads, and what is asked of its data."""
