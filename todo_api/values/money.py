"""Money: integers scaled by 10^4 inside, exact decimals outside, never a float."""

from decimal import Decimal, InvalidOperation

from todo_api.values.currencies import MINOR_UNITS

DECIMALS = 4
SCALE = 10**DECIMALS

_LARGEST_EXPONENT = 18


def scaled(amount: Decimal) -> int:
    """Return `amount` in ten-thousandths.

    Raises ValueError when it is not finite or has a fifth decimal; nothing is ever rounded away.
    """
    if not amount.is_finite():
        raise ValueError("Not a number.")
    if amount and amount.adjusted() > _LARGEST_EXPONENT:
        raise ValueError("Too large.")
    # Arithmetic would round to the context's 28 digits; moving the point by hand is exact.
    sign, digits, exponent = amount.as_tuple()
    assert isinstance(exponent, int)
    shifted = Decimal((sign, digits, exponent + DECIMALS)) if amount else amount
    if shifted != shifted.to_integral_value():
        raise ValueError(f"At most {DECIMALS} decimals.")
    return int(shifted) if amount else 0


def plain(ten_thousandths: int) -> Decimal:
    """Return ten-thousandths as a decimal without trailing zeros: 13500 is Decimal("1.35")."""
    whole, rest = divmod(ten_thousandths, SCALE)
    return Decimal(f"{whole}.{rest:04}".rstrip("0").rstrip("."))


def parse(text: str) -> Decimal:
    """Return the decimal that an ASCII `text` writes; raise ValueError if it writes none."""
    if not text.isascii() or "_" in text:
        raise ValueError("Not a number.")
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        raise ValueError("Not a number.") from None


def cost(price: int, quantity: int, currency: str) -> Decimal:
    """Return price times quantity, both in ten-thousandths, in `currency`.

    The product is exact; it is rounded half up, once, to the currency's ISO 4217 minor unit.
    """
    return rounded(price * quantity, currency)


def price_of(amount: int, quantity: int, currency: str) -> int:
    """Return a price for which `cost` is `amount`, all in ten-thousandths.

    Raises ValueError when there is none, which never happens to what `cost` has returned.
    """
    # What is rounded to the amount is a range around it. If a price lies there, this one does: it
    # is the nearest to the middle.
    price: int = (2 * amount * SCALE + quantity) // (2 * quantity)
    if cost(price, quantity, currency) != plain(amount):
        raise ValueError("No price with four decimals gives this amount.")
    return price


def rounded(hundred_millionths: int, currency: str) -> Decimal:
    """Return a sum of exact products (in 10^-8) rounded half up to the minor unit of `currency`."""
    decimals = MINOR_UNITS[currency]
    step = 10 ** (2 * DECIMALS - decimals)
    units = (hundred_millionths + step // 2) // step
    return Decimal(units).scaleb(-decimals)
