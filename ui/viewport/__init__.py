"""The picture: one take or two, the crop before generation, the denoising preview, the transport under it."""

from ui.viewport.pane import ViewportPane

__all__ = ["ViewportPane"]
