"""What keeps an encoder from forgetting while a stage trains it: one file for each guard."""
