"""Keyboard, mouse and gamepads as one held input, without a window: for live driving, flying and scripts."""
