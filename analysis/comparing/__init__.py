"""How formulas compare: growth, constants of a growth class, crossovers."""
