"""Tables in every format: terminal, Markdown, HTML, LaTeX and JSON."""
