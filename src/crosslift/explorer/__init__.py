"""The explorer: a page that shows what each arm changed, item by item."""
