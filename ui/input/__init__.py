"""Keyboard and mouse events of Qt, passed to `astra_studio.input`."""
