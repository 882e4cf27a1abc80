"""Trajectories: camera paths, the one sampler that makes action tracks of them, and the files that hold them."""
