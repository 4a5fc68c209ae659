"""The URL table: the one place that shows the whole API.

A path's placeholders are written as in the docs; `routing` says what each of them may match.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_restful import Api

from todo_api.resources.account import AccountItem, AccountList, OwnAccount
from todo_api.resources.backend import Backend
from todo_api.resources.batch import TaskBatch
from todo_api.resources.change import ChangeList
from todo_api.resources.docs import Docs, DocsFile, OpenAPI, PostmanCollection
from todo_api.resources.echo import Echo, EchoText
from todo_api.resources.endpoint import Endpoint
from todo_api.resources.event import EventStream
from todo_api.resources.exchange import Export, Import
from todo_api.resources.health import Health, Ready
from todo_api.resources.home import Home, Listing
from todo_api.resources.item_price import (
    AskedItemPrice,
    ItemPriceImport,
    ItemPriceItem,
    ItemPriceList,
)
from todo_api.resources.message import MessageItem, MessageList
from todo_api.resources.metric import MetricList
from todo_api.resources.page import Manifest, PageFile, Worker
from todo_api.resources.stored import StoredEndpoint
from todo_api.resources.sum import Sum, SumInPath
from todo_api.resources.task import TaskItem, TaskList, TaskRestore, TaskTotal
from todo_api.resources.token import Login, Logout, TokenItem, TokenList
from todo_api.resources.user import UserList
from todo_api.routing import rules


@dataclass(frozen=True, eq=False)
class Route:
    """A path, the resource that answers there, and what the listing calls each of its verbs."""

    path: str
    resource: type[Endpoint]
    names: Mapping[str, str]

    def __post_init__(self) -> None:
        if set(self.names) != set(self.resource.verbs()):
            raise TypeError(
                f"{self.path} must name each verb of {self.resource.__name__}, and no other"
            )


def _route(path: str, resource: type[Endpoint], **names: str) -> Route:
    return Route(path, resource, names)


_ACCOUNT = "/api/v1/accounts/<username>"

ROUTES = (
    _route("/", Home, get="web page"),
    _route("/web/<asset>", PageFile, get="file of the web page"),
    _route("/sw.js", Worker, get="service worker of the web page"),
    _route("/manifest.webmanifest", Manifest, get="manifest of the web page"),
    _route("/api/v1", Listing, get="info"),
    _route("/itemprice", AskedItemPrice, get="ask a price"),
    _route("/sum", Sum, get="sum", post="sum of a body"),
    _route("/sum/<number1>/<number2>", SumInPath, get="sum in the path"),
    _route(
        "/echo",
        Echo,
        get="echo",
        post="echo of a post",
        put="echo of a put",
        patch="echo of a patch",
        delete="echo of a delete",
    ),
    _route("/echo/<text>", EchoText, get="echo of a text"),
    _route("/docs", Docs, get="docs"),
    _route("/docs/<file>", DocsFile, get="file of the docs"),
    _route("/openapi.json", OpenAPI, get="OpenAPI document"),
    _route("/postman.json", PostmanCollection, get="Postman collection"),
    _route("/health", Health, get="health"),
    _route("/ready", Ready, get="readiness"),
    _route("/metrics", MetricList, get="metrics"),
    _route("/users", UserList, get="users", post="leave a message"),
    _route("/api/v1/accounts", AccountList, post="register"),
    _route("/api/v1/accounts/login", Login, post="login"),
    _route("/api/v1/accounts/logout", Logout, get="logout", post="logout by post"),
    _route(
        _ACCOUNT,
        AccountItem,
        get="single profile detail",
        put="edit profile",
        patch="edit part of a profile",
        delete="delete profile",
    ),
    _route(
        "/api/v1/me",
        OwnAccount,
        get="own profile",
        put="edit own profile",
        patch="edit part of own profile",
        delete="delete own profile",
    ),
    _route(
        f"{_ACCOUNT}/tokens",
        TokenList,
        get="tokens",
        post="make a token",
        delete="log out everywhere",
    ),
    _route(f"{_ACCOUNT}/tokens/<id>", TokenItem, delete="end a token"),
    _route(f"{_ACCOUNT}/tasks", TaskList, get="user's tasks", post="create task"),
    _route(f"{_ACCOUNT}/tasks/batch", TaskBatch, post="change many tasks"),
    _route(f"{_ACCOUNT}/tasks/total", TaskTotal, get="total of the tasks"),
    _route(
        f"{_ACCOUNT}/tasks/<id>",
        TaskItem,
        get="task detail",
        put="task update",
        patch="task update in part",
        delete="delete task",
    ),
    _route(f"{_ACCOUNT}/tasks/<id>/restore", TaskRestore, post="restore task"),
    _route(f"{_ACCOUNT}/export", Export, get="export tasks"),
    _route(f"{_ACCOUNT}/import", Import, post="import tasks"),
    _route(f"{_ACCOUNT}/changes", ChangeList, get="changes"),
    _route(f"{_ACCOUNT}/events", EventStream, get="events"),
    _route("/api/v1/prices", ItemPriceList, get="price list", post="add a price"),
    _route("/api/v1/prices/import", ItemPriceImport, post="import prices"),
    _route(
        "/api/v1/prices/<name>",
        ItemPriceItem,
        get="price detail",
        put="price update",
        patch="price update in part",
        delete="delete price",
    ),
    _route("/api/v1/messages", MessageList, get="messages"),
    _route("/api/v1/messages/<id>", MessageItem, get="message detail", delete="delete message"),
)


def listing(*more: Route) -> dict[str, str]:
    """Return the method and path of each verb, of `more` routes too, by its name in the listing."""
    return {
        name: f"{verb.upper()} {route.path}"
        for route in (*ROUTES, *more)
        for verb, name in route.names.items()
    }


def stored() -> frozenset[str]:
    """Return the first segments of all paths that need the database."""
    return frozenset(
        route.path.split("/")[1] for route in ROUTES if issubclass(route.resource, StoredEndpoint)
    )


def register(api: Api, backend: Backend, *more: Route) -> None:
    """Add every route of the table to `api`, and `more` of them."""
    for route in (*ROUTES, *more):
        api.add_resource(
            route.resource,
            *rules(route.path),
            endpoint=route.path,
            methods=route.resource.allowed(),
            resource_class_kwargs={"backend": backend},
            provide_automatic_options=False,
        )
