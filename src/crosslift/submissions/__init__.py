"""The folder of answers that the XTREME benchmark takes."""
