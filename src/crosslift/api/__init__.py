"""What Python users and the command line call: run a study, evaluate an encoder, export an arm."""
