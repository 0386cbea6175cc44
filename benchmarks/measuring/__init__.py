"""How a row is measured: floors, turns, other load on the machine, statistics, shares of the time."""
