"""Facts about this machine, and the requirements of worlds."""
