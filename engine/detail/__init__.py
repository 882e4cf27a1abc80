"""Detail for soft frames: full-resolution pictures made of a take's start picture and of the frames a world decodes."""
