"""Schedules: what runs by itself, and when."""
