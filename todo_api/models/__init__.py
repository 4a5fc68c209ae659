"""FLOOR 1: what is stored. Importing this package makes every table known to `Base.metadata`."""

from todo_api.models.account import Account
from todo_api.models.attempt import Attempt
from todo_api.models.base import Base
from todo_api.models.item_price import ItemPrice, PriceList
from todo_api.models.message import Message
from todo_api.models.replay import Replay
from todo_api.models.task import Task
from todo_api.models.token import Token
from todo_api.models.username import Username

__all__ = [
    "Account",
    "Attempt",
    "Base",
    "ItemPrice",
    "Message",
    "PriceList",
    "Replay",
    "Task",
    "Token",
    "Username",
]
