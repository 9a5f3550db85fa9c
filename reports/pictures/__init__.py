"""Pictures as SVG: drawings of graphs, plots, maps, schedules; the same bytes everywhere."""
