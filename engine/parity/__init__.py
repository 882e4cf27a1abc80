"""Parity: the engine against golden files computed by the released code (reference section 16)."""
