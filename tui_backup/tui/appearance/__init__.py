"""How the UI looks."""
