"""Specs to code. Used at build time only."""
