"""Restores: planned, carried out, undone; and files handed out without one."""
