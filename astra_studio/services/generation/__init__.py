"""Generation of the chunks of an open project: queue, status, requests, times."""
