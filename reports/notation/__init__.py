"""How mathematics is written: formulas as trees, MathML, LaTeX, escaping, the style of pages."""
