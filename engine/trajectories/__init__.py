"""Trajectories: where action tracks come from, and the files that hold them."""
