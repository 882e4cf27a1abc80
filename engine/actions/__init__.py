"""Actions: what is asked of the world, one row per latent, in one of three modalities."""
