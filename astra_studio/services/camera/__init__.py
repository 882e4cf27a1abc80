"""Camera files into takes and out of them, and drawn as a plot."""
