import sys
import time
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from nfkc_casefold import name_key
from node_names import ignorables

from todo_api.values import moments, money, names
from todo_api.values.clock import Clock
from todo_api.values.currencies import MINOR_UNITS


@given(st.integers(0, 10**18))
def test_money_survives_the_way_out_and_in(amount):
    assert money.scaled(money.plain(amount)) == amount
    assert money.scaled(money.parse(str(money.plain(amount)))) == amount


@given(st.decimals(0, 10**8, places=4))
def test_four_decimals_are_exact(amount):
    assert money.scaled(amount) == amount * 10_000


@pytest.mark.parametrize("text", ["0.00001", "1.00000000000000000000000000000000001", "1e-5"])
def test_a_fifth_decimal_is_never_rounded_away(text):
    with pytest.raises(ValueError, match="decimals"):
        money.scaled(Decimal(text))


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e19", "1e999999"])
def test_what_has_no_size_is_no_money(text):
    with pytest.raises(ValueError, match=r"Not a number|Too large"):
        money.scaled(Decimal(text))


@pytest.mark.parametrize(
    ("price", "quantity", "currency", "cost"),
    [
        ("1.35", "2", "EUR", "2.70"),
        ("1.345", "1", "EUR", "1.35"),
        ("1.3449", "1", "EUR", "1.34"),
        ("0.005", "1", "EUR", "0.01"),
        ("0.5", "1", "JPY", "1"),
        ("0.4999", "1", "JPY", "0"),
        ("1.2345", "1", "KWD", "1.235"),
        ("0.00005", "1", "CLF", None),
        ("100000000", "10000", "VND", "1000000000000"),
        ("0.3333", "3", "EUR", "1.00"),
        ("27", "1", "HRK", "27.00"),
    ],
)
def test_a_cost_is_rounded_half_up_once_to_the_minor_unit(price, quantity, currency, cost):
    if cost is None:
        with pytest.raises(ValueError, match="decimals"):
            money.scaled(Decimal(price))
        return
    amounts = money.scaled(Decimal(price)), money.scaled(Decimal(quantity))
    assert str(money.cost(*amounts, currency)) == cost


def test_currencies_are_those_in_use_and_those_that_were():
    assert MINOR_UNITS["EUR"] == 2
    assert MINOR_UNITS["JPY"] == 0
    assert MINOR_UNITS["BHD"] == 3
    assert MINOR_UNITS["CLF"] == 4
    assert {"HRK", "VEF", "DEM", "BGN", "VES"} <= set(MINOR_UNITS)
    assert not {"XXX", "XAU", "XTS"} & set(MINOR_UNITS)


@given(st.text(max_size=30))
def test_the_key_of_a_key_is_itself(name):
    assert names.key(names.key(name)) == names.key(name)


CHARACTERS = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]


def test_the_key_of_every_single_character_is_its_nfkc_casefold_and_stable():
    for character in CHARACTERS:
        key = names.key(character)
        assert key == name_key(character), ascii(character)
        assert names.key(key) == key, ascii(character)


def test_the_ignorable_characters_are_those_that_unicode_names():
    assert {each for each in CHARACTERS if names.IGNORABLE.fullmatch(each)} == ignorables()


def test_only_white_space_and_ignorable_characters_have_an_empty_key():
    blank = {each for each in CHARACTERS if not names.key(each)}
    assert blank == ignorables() | {each for each in CHARACTERS if each.isspace()}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße", "STRASSE"),
        ("\u212b", "å"),
        ("e\u0301", "É"),
        ("\uff21", "a"),
        (" x\u00a0", "X"),
        ("\ufb01", "FI"),
        ("milk\u200b", "milk"),
        ("\ufeffmilk\u2060", "milk"),
        ("straw\u00adberries", "strawberries"),
        ("\u2764\ufe0f", "\u2764"),
        ("1\ufe0f\u20e3", "1\u20e3"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\U0001f469"),
        ("a\u034f\u0301", "\u00e1"),
        (" \u200b x \u00ad ", "x"),
        ("\u1fb3\u0301", "\u03b1\u0301\u0345"),
        ("\u03bf\u03b4\u03cc\u03c2", "\u039f\u0394\u039f\u0301\u03a3"),
    ],
)
def test_names_that_look_alike_have_one_key(one, other):
    assert names.key(one) == names.key(other)


def test_the_longest_key_fits_into_an_index():
    widest = max(
        (unicodedata.normalize("NFKC", chr(code)) for code in range(0x10000, sys.maxunicode)),
        key=lambda text: len(text.encode(errors="replace")),
    )
    assert names.LONGEST_KEY * 4 < 2_704
    assert len(widest) > 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-11-20", date(2026, 11, 20)),
        ("2026-11-20T10:00:00Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20t10:00:00z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20T10:00:00,5+00:00", datetime(2026, 11, 20, 10, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-11-20T10:00:00.1234560000Z", datetime(2026, 11, 20, 10, 0, 0, 123_456, tzinfo=UTC)),
        ("2026-11-20T10:00:00.0000000Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20T10:00+0000", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20T10:00+00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("20261120", date(2026, 11, 20)),
        ("2026-W47-5", date(2026, 11, 20)),
        ("20261120T100000Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20T10Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        (" 20/11/2026 10:00:00 ", datetime(2026, 11, 20, 10)),  # noqa: DTZ001 - A wall time.
    ],
)
def test_dates_and_times_are_read(text, value):
    assert moments.parse(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "2026", "202611", "2026-324", "20/11/2026", "now", "T10:00"],
)
def test_what_is_no_date_or_time_is_not_read(text):
    with pytest.raises(ValueError, match=r"^Must be an ISO 8601 date or time"):
        moments.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "2030-02-30",
        "2030-02-28T25:00:00Z",
        "31/02/2030 10:00:00",
        "11/20/2026 10:00:00",
        "2030-W54-1",
    ],
)
def test_a_day_or_time_that_does_not_exist_is_told_as_such(text):
    with pytest.raises(ValueError, match=r"^There is no such day or time"):
        moments.parse(text)


def test_a_time_that_would_lose_something_is_refused():
    with pytest.raises(ValueError, match=r"microsecond"):
        moments.parse("2030-02-28T10:00:00.1234567Z")


def test_the_present_has_whole_milliseconds():
    assert {moments.now().microsecond % 1000 for _ in range(100)} == {0}


@pytest.mark.parametrize(
    ("value", "zone", "moment"),
    [
        (date(2026, 7, 1), "Europe/Berlin", "2026-06-30T22:00:00Z"),
        (date(1970, 1, 1), "Asia/Tokyo", "1969-12-31T15:00:00Z"),
        (date(9998, 12, 31), "America/Los_Angeles", "9998-12-31T08:00:00Z"),
        # Midnight itself is in the gap there: the day starts an hour later.
        (date(2026, 9, 6), "America/Santiago", "2026-09-06T04:00:00Z"),
    ],
)
def test_a_bare_date_is_the_start_of_its_day(value, zone, moment):
    assert moments.wire(moments.at(value, ZoneInfo(zone))) == moment


@given(st.datetimes(datetime(1970, 1, 3), datetime(9998, 12, 29)))  # noqa: DTZ001 - Wall times.
def test_every_wall_time_has_a_moment_that_comes_back(wall):
    moment = moments.at(wall, ZoneInfo("Europe/Berlin"))
    assert moments.parse(moments.wire(moment)) == moment


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_text_that_utf_8_can_write_is_text(text):
    assert (names.why_not_text(text) is None) is ("\0" not in text)


def test_a_clock_stands_where_it_was_stopped_until_it_goes_on():
    clock, then = Clock(), datetime(2031, 2, 3, tzinfo=UTC)
    before = datetime.now(UTC)
    assert before <= clock.now() <= datetime.now(UTC)
    assert not clock.is_stopped
    clock.stop(then)
    assert (clock.now(), clock.now(), clock.is_stopped) == (then, then, True)
    clock.go_on()
    assert before <= clock.now() <= datetime.now(UTC)
    assert not clock.is_stopped


HOSTILE = ["\u0301\u0316", "\u0f73", "\uff9e\u0334", "\u0344", "\u0345\u0301", "\ufdfa", "\uff9f"]
HOSTILE += ["\u0301\u034f", "\u0301\u034f\u0316\u034f", "\u200b", "\u037a", "\u0130", "\u1fb3"]
"""Combining marks, and characters that become some, in orders that take long to sort."""


def hostile_text(unit, length):
    """Return a letter, half of the length of each character of the unit, or of it repeated."""
    if unit == HOSTILE[0]:
        return "a" + unit[0] * (length // 2) + unit[1] * (length // 2)
    return "a" + unit * (length // len(unit))


def least_seconds(work, tries=5, clock=time.process_time):
    """Return what some work takes at best, by default of this process's own processor time."""

    def once():
        begun = clock()
        work()
        return clock() - begun

    return min(once() for _ in range(tries))


@pytest.mark.parametrize("unit", HOSTILE, ids=ascii)
def test_the_key_of_a_text_of_combining_marks_takes_time_by_its_length(unit):
    short, long = hostile_text(unit, 1_250), hostile_text(unit, 10_000)
    ratio = least_seconds(lambda: names.key(long)) / least_seconds(lambda: names.key(short))
    assert ratio < 24  # 8 times the text; with the square of it, this was 50 and more.


ODD = (
    "aE\u00df \u0301\u0316\u0f73\uff9e\u0344\u0345\u037a\u034f\u200d\u1fb3\u1fbe\u0130\u0131\u1e9e"
    "\u03a3\u03c2\u13f8\uab70\u1100\u1161"
)
"""Characters that change beside others, or are of another kind once they are folded."""


@given(st.text(max_size=names.LONGEST_NAME) | st.text(ODD))
@example("\u037a\u0301")
@example("\u03b1\u0345\u0301")
@example("a\u0301\u034f\u0316" * 40)
def test_a_key_is_the_text_in_nfkc_casefold_without_surrounding_space(text):
    assert names.key(text) == name_key(text)
