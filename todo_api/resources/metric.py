"""Metrics, for Prometheus."""

import hmac
from typing import Any

from flask import Response, request
from werkzeug.exceptions import NotFound

from todo_api.resources import auth
from todo_api.resources.auth import SCRAPER
from todo_api.resources.endpoint import Endpoint

TEXT = "text/plain; version=0.0.4; charset=utf-8"


class MetricList(Endpoint):
    """What was asked, how long it took, and how much of the server is taken.

    They are there if the server's settings have a METRICS_TOKEN, which is the token to send.
    """

    strict = True
    access = {"get": SCRAPER}
    media = {"get": ("text/plain",)}
    may = {"get": (404,)}
    knows_callers = True

    def admit(self, verb: str, **ids: Any) -> None:
        """Raise unless there are metrics, and the caller brings the token for them."""
        if self.backend.metrics is None:
            raise NotFound
        secret, token = auth.secret_of(request), self.settings.metrics_token
        if not hmac.compare_digest(secret.encode(), token.encode()):
            raise auth.unknown_token()

    def get(self) -> Response:
        """Read the metrics."""
        assert self.backend.metrics
        return Response(self.backend.metrics.text(), content_type=TEXT)
