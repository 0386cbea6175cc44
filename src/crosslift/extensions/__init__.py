"""What other packages and your own modules declare: targets, tasks, metrics and forms by name."""
