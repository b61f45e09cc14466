"""The configuration editor: objects as forms, or the file as text."""
