"""Emoji names of the Unicode Common Locale Data Repository (CLDR), in more than 100 languages."""
