"""Several processes that train one arm together: how they start, share a batch, and add up."""
