"""Takes exported to files, and settings read back from them."""
