"""Mending what is damaged, by plans."""
