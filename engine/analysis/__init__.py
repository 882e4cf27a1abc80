"""Analysis of frames alone: camera motion, likeness, sharpness."""
