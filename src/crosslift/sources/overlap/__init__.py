"""Which texts of a test are, exactly, nearly or in part, among training texts."""
