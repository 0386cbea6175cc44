"""Writes the folder of answers for the XTREME benchmark."""
