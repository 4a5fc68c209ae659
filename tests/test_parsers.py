"""Each parser takes a time that grows in proportion to the text that a client sends."""

import pytest
from parsers import PARSERS, growth_of


@pytest.mark.parametrize("parser", PARSERS)
def test_each_parser_takes_linear_time_for_the_texts_that_try_it_hardest(parser):
    assert growth_of(parser) == ""
