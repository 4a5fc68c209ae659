"""What clients send is parsed in a time that grows in proportion to its length."""

import pytest
from parsers import PARSERS, growth_of


@pytest.mark.parametrize("parser", PARSERS)
def test_each_parser_takes_linear_time_for_the_texts_that_try_it_hardest(parser):
    assert growth_of(parser) == ""
