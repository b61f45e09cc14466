"""Looking into snapshots: walking about, previews, searching, comparing, versions."""
