"""What Qt tells of keyboard and mouse, handed to `astra_studio.input`."""
