"""Bytes to pictures and arrays, and back: one table of formats and the codecs behind it."""
