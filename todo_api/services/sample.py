"""The sample: four prices and four listed accounts, into which nobody can log in."""

from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from todo_api.models import Account, ItemPrice
from todo_api.services import accounts, prices
from todo_api.values import money

PRICES = {"apples": "1.35", "bananas": "2.48", "water": "9.13", "bread": "2.51"}
PETS = {
    "user1": ["dog"],
    "user2": [],
    "user3": ["duck", "duck", "goose"],
    "user4": ["hamster"],
}


def load(session: Session, currency: str) -> bool:
    """Store the sample if there is no account and no price yet; return whether there was none."""
    price_list = prices.take_list(session)
    for anything in (select(Account.id), select(ItemPrice.name_key)):
        if session.execute(anything.limit(1)).first():
            return False
    for name, price in PRICES.items():
        fields = {"name": name, "price": money.scaled(Decimal(price)), "currency": currency}
        prices.create(session, price_list, fields)
    for username, pets in PETS.items():
        email = f"{username}@example.com"
        accounts.register(
            session, {"username": username, "email": email, "pets": pets, "listed": True}
        )
    return True
