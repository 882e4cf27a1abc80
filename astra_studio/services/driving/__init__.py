"""Live driving: input events into the rows of the next chunk, while the last one plays."""
