"""XTREME: its nine tasks, its scorer, its submission files, and published results."""
