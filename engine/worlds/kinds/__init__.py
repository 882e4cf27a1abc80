"""Kinds of worlds that come with the program, one module each. None imports torch before a world is opened."""
