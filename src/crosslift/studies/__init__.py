"""The study file: what it can say, how it is read, and what is checked before anything is planned."""
