"""Actions: the requested motion, one row per latent, in one of three modalities."""
