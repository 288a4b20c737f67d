"""Text, LaTeX, HTML and plain records of what the verbs found. It draws and never computes."""
