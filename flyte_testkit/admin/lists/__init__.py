"""How lists are filtered, sorted, joined and paged."""
