"""What frames show, measured from the frames alone: camera motion, likeness, sharpness."""
