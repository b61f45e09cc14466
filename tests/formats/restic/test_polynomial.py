import pytest

from tests.support.samples import vectors
from tui_backup.formats.restic.polynomial import from_hex, is_irreducible, random_irreducible, to_hex


def product(left: int, right: int) -> int:
    result = 0
    while right:
        if right & 1:
            result ^= left
        left, right = left << 1, right >> 1
    return result


@pytest.mark.parametrize("text", vectors()["chunker"]["irreducible_samples_deg53"])
def test_the_polynomials_of_real_repositories_are_irreducible(text: str) -> None:
    assert to_hex(from_hex(text)) == text


def test_exactly_the_products_of_others_are_reducible() -> None:
    composite = {product(left, right) for left in range(2, 128) for right in range(2, 128)}
    assert {p for p in range(2, 256) if not is_irreducible(p)} == {p for p in composite if p < 256}


def test_constants_are_not_irreducible() -> None:
    assert not is_irreducible(0)
    assert not is_irreducible(1)


def test_a_random_one_is_irreducible_of_degree_53_and_never_the_same() -> None:
    made = {random_irreducible() for _ in range(20)}
    assert len(made) == 20
    assert all(is_irreducible(polynomial) and polynomial.bit_length() == 54 for polynomial in made)


def test_a_product_of_two_large_ones_is_found_out() -> None:
    small = next(p for p in range(1 << 26, 1 << 27) if is_irreducible(p))
    assert not is_irreducible(product(small, small))
    assert not is_irreducible(product(small, 3))


@pytest.mark.parametrize("text", ["", "0x25563827a89273", "25563827a89272", "2_5", "-7", "zz", "40000000000047"])
def test_what_is_no_irreducible_polynomial_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        from_hex(text)
