"""Work off the main thread: the queue of jobs, and requests of which only the newest counts."""
