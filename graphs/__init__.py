"""What a model is: sizes, relations, primitives, graphs, tracing, unrolling and execution."""
