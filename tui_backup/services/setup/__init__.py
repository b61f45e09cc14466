"""Set-up: making, changing and trying a configuration."""
