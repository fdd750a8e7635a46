"""Figures: arrays in, PNG or SVG out. Drawn by matplotlib, without its global state."""
