"""Runs as the UI shows them: started, cancelled, their log, and what becomes of them when somebody leaves."""
