"""Pictures and video files: start pictures in, frames out, and back. No torch and no Qt; colours are sRGB uint8."""
