"""FLOOR 1: what is stored. Importing this package makes every table known to `Base.metadata`."""

from todo_api.models.account import Account, AccountRow, HeldAccount, Owner
from todo_api.models.attempt import Attempt
from todo_api.models.base import Base, Tagged
from todo_api.models.item_price import ItemPrice, ItemPriceRow, PriceList, PriceListRow
from todo_api.models.message import Message, MessageRow
from todo_api.models.replay import Replay
from todo_api.models.task import Task, TaskRow
from todo_api.models.token import Token, TokenRow
from todo_api.models.username import Username

__all__ = [
    "Account",
    "AccountRow",
    "Attempt",
    "Base",
    "HeldAccount",
    "ItemPrice",
    "ItemPriceRow",
    "Message",
    "MessageRow",
    "Owner",
    "PriceList",
    "PriceListRow",
    "Replay",
    "Tagged",
    "Task",
    "TaskRow",
    "Token",
    "TokenRow",
    "Username",
]
