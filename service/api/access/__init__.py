"""Who may ask: the keys of callers, and the pages of other origins."""
