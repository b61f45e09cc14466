"""What a call of the program says."""

import json
from typing import Any, NamedTuple, Protocol


class Answer(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


class Call(Protocol):
    def __call__(self, *arguments: str) -> Answer: ...
