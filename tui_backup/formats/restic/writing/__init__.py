"""Files in, packs, index files and snapshots out."""
