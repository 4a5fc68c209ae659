"""The methods of a path, which are those of every route that matches it.

Two routes may share one: what a name may be may also be another route's word.
"""

from flask import Request, current_app


def allowed(request: Request) -> list[str]:
    """Return the methods that the path of `request` answers, sorted."""
    urls = current_app.create_url_adapter(request)
    return sorted(urls.allowed_methods()) if urls else []
