"""Engines: the steps of a study made by several workers at once, on one machine or a cluster.

`local` makes one step after another in this process (`crosslift.steps.run`). The engines here start
workers and leave the work to them: each takes the next step that is free, so no worker waits for a
message, and a dead one is replaced. The workers share the store, and nothing else.

    crew.py          the process that starts an engine: watches workers, relays progress, stops them
    work.py          a worker: takes steps until none is left
    frontier.py      which step is next
    job.py           what the crew and its workers say to each other, in files
    processes.py, ray_cluster.py, slurm.py    how workers are started
    simulation.py    the schedule of a plan over n workers
"""
