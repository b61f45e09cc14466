"""Commands of the group `schedule`."""
