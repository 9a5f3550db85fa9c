"""The measured witness: every figure counted on the graph at concrete sizes, with networkx."""
