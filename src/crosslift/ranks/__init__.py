"""Several processes that make one step together: how they start, share a batch, and add up."""
