"""What may stand behind the question mark."""

from marshmallow import EXCLUDE

from todo_api.schemas.fields import Text
from todo_api.schemas.numbers import Integer
from todo_api.schemas.wire import Wire
from todo_api.services.paging import DEFAULT, LARGEST
from todo_api.values import names


class PageQuery(Wire):
    """Which page of a list."""

    limit = Integer(least=1, most=LARGEST, load_default=DEFAULT)
    after = Text(most=2_000, load_default=None, allow_none=False)


class PriceQuery(PageQuery):
    """Which page of the price list, and which names."""

    q = Text(least=1, most=names.LONGEST_NAME, load_default=None, allow_none=False)


class ItemQuery(Wire):
    """The item whose price is asked; its clients may send other parameters along."""

    class Meta:
        unknown = EXCLUDE

    itemname = Text(most=10**6, load_default=None, allow_none=False)
