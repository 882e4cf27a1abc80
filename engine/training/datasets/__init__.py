"""Real data sets in the layouts they are published in, and their way into the latent shards that training reads."""
