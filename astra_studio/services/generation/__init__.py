"""Making the chunks of an open project: queue, status, requests, times."""
