"""Training: procedural scenes with exact camera poses, the small autoencoder, the flow-matching loop."""
