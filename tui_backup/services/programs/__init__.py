"""Programs of the user's beside a run: hooks, and what stands still for a backup."""
