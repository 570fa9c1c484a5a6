"""Charts as SVG written by the server: no script, readable aloud, coloured by the style sheet alone."""
