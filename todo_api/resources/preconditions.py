"""Preconditions: If-Match and If-None-Match (RFC 9110, 13.1), held against what is stored."""

import re
from collections.abc import Callable, Collection
from typing import Any

from flask import Request
from werkzeug.http import parse_etags

from todo_api.errors import Code, Exists, Malformed, Stale, WeakTag
from todo_api.values import etags

Show = Callable[[], Any]
"""Returns what is stored as the caller would be shown it, None where there is nothing."""

_ALTERED = re.compile("-(gzip|br|zstd|deflate)$")
"""Caddy and Apache append this to a tag when they compress; this server never makes such a tag."""


def check(request: Request, versions: Collection[str], show: Show) -> None:
    """Raise Stale unless the request may change what is stored, which goes by these `versions`.

    Raises Malformed for an If-Match that is neither `*` nor a list of tags.
    """
    headers = request.headers
    if "If-Match" in headers:
        _must_be_tags(headers["If-Match"])
        must_match(headers["If-Match"], versions, show)
    known = request.if_none_match
    if "If-None-Match" in headers and any(map(known.contains_weak, versions)):
        raise Exists(current=show())


def must_match(if_match: str, versions: Collection[str], show: Show) -> None:
    """Raise Stale unless a strong tag of `if_match`, or `*`, stands for one of `versions`.

    It is WeakTag where that may be due to a proxy, whatever the tag stands for.
    """
    tags = parse_etags(if_match)
    if any(map(tags.contains, versions)):
        return
    is_weak = tags.as_set(include_weak=True) != tags.as_set()
    altered = is_weak or any(tag and _ALTERED.search(tag) for tag in tags)
    raise (WeakTag if altered else Stale)(current=show())


def _must_be_tags(if_match: str) -> None:
    beside = etags.ONE.sub("", if_match)
    is_list = beside != if_match and not beside.strip(" \t,")
    if not is_list and if_match.strip() != "*":
        raise Malformed(f"This If-Match cannot be read. {etags.ADVICE}", code=Code.MALFORMED_HEADER)
