"""Finds texts of a test that are, exactly, nearly or in part, among training texts."""
