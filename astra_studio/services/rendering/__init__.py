"""A picture and a trajectory rendered to a video file and a report."""
