"""A string that never prints."""


class Secret:
    """Holds a secret; `repr`, `str` and formatting show asterisks, only `reveal` gives it away."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself."""
        return self._value

    def __repr__(self) -> str:
        return "********"
