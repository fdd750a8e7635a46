"""Everything that knows HTTP: routes, negotiation, limits, and how errors are answered."""
