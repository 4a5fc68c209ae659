"""What every endpoint is handed: the settings, the database and the listing of the API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from todo_api.database import Database
from todo_api.metrics import Metrics
from todo_api.resources.last_rendered import LastRendered
from todo_api.services.feed import Feed
from todo_api.settings import Settings


@dataclass(frozen=True)
class Backend:
    """One running backend.

    `feed` wakes who waits for changes; `metrics` are there if somebody may read them; `listing`
    maps the name of each route to its method and path; `document` makes the OpenAPI document,
    `collection` the Postman collection for the server at a base URL; `users` keeps the list of
    users that was rendered last.
    """

    settings: Settings
    database: Database
    feed: Feed
    metrics: Metrics | None
    listing: Mapping[str, str]
    document: Callable[[], Mapping[str, Any]]
    collection: Callable[[str], Mapping[str, Any]]
    users: LastRendered
