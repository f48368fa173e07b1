"""Pictures of figures, as SVG: the same on pages and on paper."""
