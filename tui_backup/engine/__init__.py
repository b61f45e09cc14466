"""The verbs: pure orchestration over protocols."""
