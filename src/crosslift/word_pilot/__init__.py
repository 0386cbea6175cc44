"""How well an encoder aligns the words of two languages, before anything is trained."""
