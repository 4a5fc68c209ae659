"""Endpoint: the way of every request, once for all.

A verb of a resource is handed objects and validated values, says in a few lines what happens, and
returns what to show. Before it come access, input and `If-Match`; after it the dump. Each resource
class declares, by verb:

    access  who may use it; a verb without an entry is a TypeError at import
    takes   the schema that reads the body
    asks    the schema that reads the query
    gives   the schema that shows what the verb returns; without one, nothing is shown
    media   the media types in which it is shown, where that is not JSON alone
    may     the error statuses that do not follow from all this, for the docs
    work    the kind of work, where that does not follow from the class

A `strict` one refuses every parameter of a query that it does not ask for; a `versioned` one gives
an ETag to what it shows without a database. The POST of one that `creates` takes an
Idempotency-Key; the answer of every other write says that it ignored the key. Where `cache` is not
said, who has access decides it. The answers to the GET of one that `compresses` are sent compressed
to clients that take that: it shows no secret, and nothing that a client may write with `If-Match`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from flask import Request, Response, request
from flask_restful import Resource

from todo_api.resources import body, form, idempotency, passage, path_methods
from todo_api.resources.auth import PUBLIC, Access
from todo_api.resources.backend import Backend
from todo_api.resources.work import Work
from todo_api.schemas.query import PageQuery
from todo_api.schemas.wire import Wire
from todo_api.services.paging import Page
from todo_api.values import etags

VERBS = ("get", "post", "put", "patch", "delete")

Shown = tuple[Any, int, dict[str, str]]
"""What Flask-RESTful takes from a resource: the data, the status and the headers."""

_LONGEST_CACHED = 256
"""Bytes of a query whose values are cached."""

PRIVATE = "private, no-cache"
"""The Cache-Control of what is somebody's own: for no cache but theirs, and checked each time."""

Version = str
"""An era and a revision, which together make an ETag; of several things, all of theirs."""


@dataclass(frozen=True)
class Created:
    """Something new: answered with 201 and the path at which it is found from now on.

    If it is an account, `account_id` is its id: the answer that an Idempotency-Key keeps is deleted
    with the account.
    """

    what: Any
    location: str
    version: Version
    account_id: int | None = None


@dataclass(frozen=True)
class Changed:
    """What the most particular of the objects that the URL names has become."""

    what: Any


@dataclass(frozen=True)
class Listed:
    """One page of a list: what to show, and the path of the next page, if there is one."""

    what: Mapping[str, Any]
    next: str | None


class Endpoint(Resource):
    """A resource that needs no database."""

    access: ClassVar[Mapping[str, Access]] = {}
    takes: ClassVar[Mapping[str, Wire]] = {}
    asks: ClassVar[Mapping[str, Wire]] = {}
    gives: ClassVar[Mapping[str, Wire]] = {}
    media: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    may: ClassVar[Mapping[str, tuple[int, ...]]] = {}
    work: ClassVar[Mapping[str, Work]] = {}
    strict: ClassVar[bool] = False
    versioned: ClassVar[bool] = False
    creates: ClassVar[bool] = False
    compresses: ClassVar[bool] = False
    with_head: ClassVar[bool] = True
    knows_callers: ClassVar[bool] = False
    cache: ClassVar[str | None] = None

    request: Request

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.settings = backend.settings

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        forgotten = [verb for verb in cls.verbs() if verb not in cls.access]
        if forgotten:
            raise TypeError(f"{cls.__name__} does not say who has access to {forgotten}")
        if not cls.knows_callers and any(access != PUBLIC for access in cls.access.values()):
            raise TypeError(f"{cls.__name__} cannot tell who calls: it needs a StoredEndpoint")
        if cls.compresses and not {"put", "patch", "delete"}.isdisjoint(cls.verbs()):
            raise TypeError(f"{cls.__name__} compresses, so it has no strong ETag for its writes")

    @classmethod
    def verbs(cls) -> list[str]:
        """Return the verbs that this resource has, in lower case."""
        return [verb for verb in VERBS if hasattr(cls, verb)]

    @classmethod
    def allowed(cls) -> list[str]:
        """Return the HTTP methods that this resource answers."""
        methods = [verb.upper() for verb in cls.verbs()]
        if "GET" in methods and cls.with_head:
            methods.append("HEAD")
        return [*methods, "OPTIONS"]

    @classmethod
    def work_of(cls, verb: str, query_string: str) -> Work:
        """Return the kind of work that `verb` is, for a query as it was sent."""
        return cls.work.get(verb, Work.NO_DATABASE)

    def dispatch_request(self, **ids: Any) -> Shown | Response:
        """Answer the request; Flask calls this with what the URL's placeholders matched."""
        environ = request.environ
        # To find it anew each time, as Flask's proxy does, takes 1 µs, up to sixteen times.
        self.request = environ["werkzeug.request"]
        method = environ["REQUEST_METHOD"]
        if method == "OPTIONS":
            return None, 204, {"Allow": ", ".join(path_methods.allowed(self.request))}
        verb = "get" if method == "HEAD" else method.lower()
        this = passage.within(environ)
        this.cache = self.cache or ("no-cache" if self.access[verb] == PUBLIC else PRIVATE)
        this.compresses = (
            verb == "get" and self.compresses and self.settings.compress_answers == "on"
        )
        takes_key = verb == "get" or (verb == "post" and self.creates)
        this.key_ignored = not takes_key and idempotency.is_asked(self.request)
        return self.answer(verb, ids)

    def answer(self, verb: str, ids: dict[str, Any]) -> Shown | Response:
        """Answer `verb` without a database; it may return a Response, where that is not JSON."""
        self.admit(verb, **ids)
        inputs = [*ids.values()]
        query = self.asked(verb)
        if verb in self.asks:
            inputs.append(query)
        if verb in self.takes:
            inputs.append(self.takes[verb].read(body.read(self.request).for_(self.takes[verb])))
        result = getattr(self, verb)(*inputs)
        return result if isinstance(result, Response) else self.shown(verb, result)

    def admit(self, verb: str, **ids: Any) -> None:
        """Raise unless the verb is the caller's to use; without a database it is everybody's."""

    def asked(self, verb: str) -> dict[str, Any]:
        """Return the values in the query; raise Invalid if one of them is wrong or not known."""
        schema = self.asks.get(verb, NOTHING_ASKED)
        if schema is NOTHING_ASKED and not (self.strict and self.request.query_string):
            return {}
        raw = self.request.query_string
        return dict(
            _read_cached(schema, raw) if len(raw) <= _LONGEST_CACHED else _read(schema, raw)
        )

    def shown(self, verb: str, result: Any, version: Version | None = None) -> Shown:
        """Return what Flask-RESTful is to send for the `result` of `verb`."""
        headers = dict[str, str]()
        tag = etags.strong(version) if version else None
        status = 200 if verb in self.gives else 204
        if isinstance(result, Created):
            status, tag = 201, etags.strong(result.version)
            headers["Location"] = result.location
            result = result.what
        elif isinstance(result, Listed):
            if result.next:
                headers["Link"] = f'<{result.next}>; rel="next"'
            result = {**result.what, "next": result.next, "etag": tag}
        if tag:
            headers["ETag"] = tag
        data = self.gives[verb].show(result) if verb in self.gives else None
        return data, status, headers


def _read(schema: Wire, raw: bytes) -> dict[str, Any]:
    return schema.read(schema.from_form(form.urlencoded(raw)))


_read_cached = lru_cache(1_024)(_read)
"""The same for what many send. No value in a query can change, and none depends on the clock."""


def listed(name: str, page: Page[Any], **beside: Any) -> Listed:
    """Return `page` under `name`, with the path of the next one: the request's own, moved on."""
    following = None
    if page.after is not None:
        asked = {name: first for name, (first, *_) in form.urlencoded(request.query_string).items()}
        asked["after"] = page.after
        following = f"{quote(request.path.rstrip('/'))}?{urlencode(asked)}"
    return Listed({**beside, name: page.rows}, following)


NOTHING_ASKED = Wire()

PAGED: Mapping[str, Wire] = {"get": PageQuery()}
"""`asks` of a list."""
