"""The headless engine of Astra Studio: the world model, its sampling, rollout, video and training. Knows no Qt."""
