"""Procedural scenes and clips with exact poses, to train and to test on."""
