"""Irreducible polynomials over GF(2), as integers: bit n is the coefficient of x^n.

restic refuses a repository whose `chunker_polynomial` is not one. Source: M. Ben-Or, "Probabilistic algorithms in
finite fields", for the test.
"""

import re
import secrets

DEGREE = 53
"""Of the polynomials that restic makes; a higher one crashes its chunker."""

_HEX = re.compile(r"[0-9a-fA-F]+")

_SPREAD = tuple(int(f"{byte:b}", 4) for byte in range(256))
"""The square of each polynomial below degree 8: a zero between any two bits."""


def is_irreducible(polynomial: int) -> bool:
    """Whether no polynomial of a degree between 1 and its own divides it (Ben-Or's test)."""
    degree = polynomial.bit_length() - 1
    if degree < 1:
        return False
    power = _remainder(0b10, polynomial)
    for _step in range(degree // 2):
        power = _remainder(_square(power), polynomial)
        if _common_divisor(polynomial, power ^ 0b10) != 1:
            return False
    return True


def random_irreducible() -> int:
    """Return a random irreducible polynomial of degree 53."""
    while True:
        polynomial = 1 << DEGREE | secrets.randbits(DEGREE) | 1
        if is_irreducible(polynomial):
            return polynomial


def to_hex(polynomial: int) -> str:
    """Return the polynomial as the repository's config writes it."""
    return f"{polynomial:x}"


def from_hex(text: str) -> int:
    """Return the polynomial that the repository's config names.

    Raises:
        ValueError: it is no hex number, not irreducible, or its degree is above 53.
    """
    if not _HEX.fullmatch(text):
        raise ValueError(f"not a hex number: {text!r}")
    polynomial = int(text, 16)
    if polynomial.bit_length() > DEGREE + 1 or not is_irreducible(polynomial):
        raise ValueError(f"not an irreducible polynomial of degree 53 or less: {text!r}")
    return polynomial


def _square(polynomial: int) -> int:
    square = 0
    for at, byte in enumerate(polynomial.to_bytes(8, "little")):
        square |= _SPREAD[byte] << (16 * at)
    return square


def _remainder(dividend: int, divisor: int) -> int:
    length = divisor.bit_length()
    while (excess := dividend.bit_length() - length) >= 0:
        dividend ^= divisor << excess
    return dividend


def _common_divisor(left: int, right: int) -> int:
    while right:
        left, right = right, _remainder(left, right)
    return left
