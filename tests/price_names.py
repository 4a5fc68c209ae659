"""Names of items that a URL, a proxy or a browser could take for something else."""

from urllib.parse import quote

import httpx

PRICES = "/api/v1/prices"

NAMES = [
    "a/b/", "a/b", "/a", "a//b", "a//", "/", "//", "./a", "../a", "a/.", "a/..", "a/../b", "...",
    "../../../users", "../../../../a", "100%", "%2F", "a%2Fb", "%2e%2e", "a?b", "a#b", "a?b#c/",
    "a&b=c;d", "a+b", "a\\b", "import", " a ", "\u00e4/\u98df", "x\uff0fy\uff0f", "x/import",
]  # fmt: skip

PASSED_ON = [name for name in NAMES if "../../../.." not in name]
"""The names that a proxy passes on even if their slashes are only percent-encoded."""


def as_resolved(location):
    """Return the target that a client makes of a Location (RFC 3986, 5.2)."""
    return httpx.URL("http://x/y/z").join(location).raw_path.decode()


def encoded(name):
    """Return the path that a client makes of a name which knows just of percent-encoding."""
    return f"{PRICES}/{quote(name, safe='')}"


def must_lead_to_prices(send, path_of=None, names=NAMES):
    """Create a price of each name; see, change and delete each at its Location or own path.

    `send` takes a method, a path and a body in JSON, goes as an admin, and returns the answer's
    status, JSON and headers.
    """
    paths = {}
    for number, name in enumerate(names, 1):
        status, _, headers = send("POST", PRICES, {"name": name, "price": number})
        assert status == 201, name
        paths[name] = path_of(name) if path_of else as_resolved(headers["Location"])
    for number, name in enumerate(names, 1):
        status, shown, _ = send("GET", paths[name], None)
        assert (status, shown.get("name"), shown.get("price")) == (200, name, number), paths[name]
        status, shown, _ = send("PUT", paths[name], {"unit": f"unit {number}"})
        assert (status, shown.get("name")) == (200, name), paths[name]
    left = {*names}
    for number, name in enumerate(names, 1):
        status, shown, _ = send("GET", paths[name], None)
        assert (shown["name"], shown["unit"]) == (name, f"unit {number}")
        assert send("DELETE", paths[name], None)[0] == 204, paths[name]
        left.remove(name)
        _, listed, _ = send("GET", f"{PRICES}?limit=200", None)
        assert left <= {price["name"] for price in listed["prices"]}, paths[name]
        assert name not in {price["name"] for price in listed["prices"]}, paths[name]
