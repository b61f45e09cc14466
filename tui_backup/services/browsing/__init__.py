"""Browsing: looking into snapshots, across them, and at what is on the disk now."""
