"""Keyboard, mouse and gamepads as one held input; no module here but `capture` and `qt_events` knows Qt."""
