"""The project: a value, the edits on it, the open document, the .astra file that keeps it. Knows no Qt, no torch."""
