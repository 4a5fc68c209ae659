"""The short ways through Flask lead where its own lead."""

import flask
import pytest
from flask import Flask, Response
from support import ON_ONE_DATABASE
from werkzeug.wrappers import Response as WerkzeugResponse

from todo_api.application import App, ShortResponse
from todo_api.resources.envelope import Envelope
from todo_api.urls import ROUTES

KINDS = [
    {},
    {"Accept": "application/json"},
    {"Accept-Encoding": "gzip"},
    {"Origin": "https://a.example", "If-None-Match": "*"},
    {"Content-Type": "application/json", "Content-Length": "2"},
]


@pytest.fixture
def stock(monkeypatch):
    """Take the short ways back."""

    def take_back():
        monkeypatch.setattr(App, "ensure_sync", Flask.ensure_sync)
        monkeypatch.setattr(App, "full_dispatch_request", Flask.full_dispatch_request)
        monkeypatch.setattr(App, "create_url_adapter", Flask.create_url_adapter)
        monkeypatch.setattr(App, "request_context", Flask.request_context)
        monkeypatch.setattr(App, "session_interface", Flask.session_interface)
        monkeypatch.setattr(App, "do_teardown_request", Flask.do_teardown_request)
        monkeypatch.setattr(App, "do_teardown_appcontext", Flask.do_teardown_appcontext)
        monkeypatch.setattr(ShortResponse, "__call__", WerkzeugResponse.__call__)

    return take_back


def told(answer):
    return (
        answer.status,
        sorted(pair for pair in answer.headers if pair[0] != "X-Request-ID"),
        answer.data,
    )


def answers(backend, someone):
    for route in ROUTES:
        if route.path.endswith(("/metrics", "/events", "/logout")):
            continue
        path = route.path
        for name, value in (
            ("<username>", "alice"),
            ("<id>", "2"),
            ("<text>", "a%2Fb%20é/" + 200 * "/long" * (route.path == "/echo/<text>")),
            ("<name>", "apples"),
            ("<file>", "docs.css"),
            ("<asset>", "page.css"),
            ("<number1>/<number2>", "1/2.5"),
        ):
            path = path.replace(name, value)
        for end in ("", "/", "//x"):
            for method in ("GET", "HEAD", "OPTIONS", "BREW", "get"):
                for headers in KINDS:
                    answer = someone(method, path + end, headers=headers)
                    yield (method, path + end, headers), told(answer)


@ON_ONE_DATABASE
def test_every_route_answers_as_with_stock_flask(backend, stock):
    alice = backend.someone("alice")
    alice.post(alice.tasks, json={"name": "milk"})
    short = dict_of(answers(backend, alice))
    stock()
    whole = dict_of(answers(backend, alice))
    assert len(whole) > 500
    for asked, answer in whole.items():
        assert short[asked] == answer, asked


def dict_of(pairs):
    return {repr(asked): answer for asked, answer in pairs}


@pytest.mark.parametrize("status", [200, 201, 204, 206, 304, 404])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(
    "made",
    [
        lambda kind, status: kind(b"abc", status),
        lambda kind, status: kind("äöü", status),
        lambda kind, status: kind(["a", b"b"], status, {"Content-Length": "2"}),
        lambda kind, status: kind((part for part in (b"a", b"b")), status),
        lambda kind, status: kind(b"", status, {"Location": "/ä", "ETag": '"1"'}),
        lambda kind, status: kind(b"abc", status, {"Location": "/a b%zz"}),
        lambda kind, status: kind(b"abc", status, {"Location": "/api/v1/accounts/a.b-c/tasks/2"}),
    ],
)
def test_a_response_is_sent_as_stock_flask_sends_it(made, method, status):
    environ = {"REQUEST_METHOD": method, "wsgi.url_scheme": "http", "HTTP_HOST": "a.example"}

    def sent(kind):
        head = []
        body = made(kind, status)(environ, lambda *given: head.extend(given[:2]))
        return head[0], sorted(head[1]), b"".join(body)

    assert sent(ShortResponse) == sent(Response)


@pytest.mark.parametrize(
    "signal",
    [
        flask.request_started,
        flask.request_finished,
        flask.request_tearing_down,
        flask.appcontext_tearing_down,
    ],
)
def test_whoever_listens_to_a_signal_hears_it(backend, signal):
    heard = []

    def listen(sender, **_):
        heard.append(sender)

    with signal.connected_to(listen, backend.app):
        assert backend.nobody.get("/echo/a").status_code == 200
    assert heard == [backend.app]
    assert backend.nobody.get("/echo/a").status_code == 200
    assert len(heard) == 1


def test_hooks_signals_and_what_is_to_be_closed_are_not_passed_by(backend):
    called = []
    app = App()
    app.before_request(lambda: called.append("before"))
    app.teardown_request(lambda _: called.append("teardown"))
    app.teardown_appcontext(lambda _: called.append("teardown of all"))

    @app.after_request
    def after(response):
        called.append("after")
        return response

    @app.get("/streamed")
    def streamed():
        response = ShortResponse(part for part in (b"a", b"b"))
        response.call_on_close(lambda: called.append("closed"))
        return response

    app.wsgi_app = Envelope(app.wsgi_app, backend.settings)
    assert app.test_client().get("/streamed", buffered=True).data == b"ab"
    assert called == ["before", "after", "teardown", "teardown of all", "closed"]


@pytest.mark.parametrize("kind", [App, lambda: Flask("stock")])
def test_there_is_no_session_and_whoever_uses_it_is_told_so(kind):
    with kind().test_request_context("/"):
        assert "x" not in flask.session
        with pytest.raises(RuntimeError, match="session is unavailable"):
            flask.session["x"] = 1


@pytest.mark.parametrize("text", ["a", "a" * 500])
def test_what_a_path_matches_is_the_requests_own(backend, text):
    for _ in range(2):
        with backend.app.test_request_context(f"/echo/{text}"):
            assert flask.request.url_rule.endpoint == "/echo/<text>"
            assert flask.request.view_args == {"text": text}
            flask.request.view_args.clear()
