"""Preferences: what a client asks for beside its request, in `Prefer` (RFC 7240)."""

from urllib.request import parse_http_list

from flask import Request

from todo_api.resources import passage

HEADER = "Prefer"
APPLIED = "Preference-Applied"
DRY_RUN = "dry-run"

DRY = (APPLIED, DRY_RUN)
"""The header that says so."""


def is_dry_run(request: Request) -> bool:
    """Return whether `request` is only to be tried, and note that its answer is to say so.

    Whatever the preference's value and parameters are, nothing is stored: that is the mistake that
    can be mended. Preferences that are not known here, or not well written, are no error.
    """
    sent = request.headers.get(HEADER)
    wanted = sent is not None and DRY_RUN in map(_name, parse_http_list(sent))
    passage.of(request).dry_run = wanted
    return wanted


def _name(preference: str) -> str:
    return preference.partition(";")[0].partition("=")[0].strip().lower()
