"""Settings: one frozen object, read from the environment once, checked before anything starts."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from todo_api.errors import CannotStart
from todo_api.values.currencies import MINOR_UNITS

Network = IPv4Network | IPv6Network

_DATABASE_URLS = "sqlite:///path/to/file or postgresql://user:password@host/name"


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(text)

    return parse


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(" or ".join(words))
        return text.lower()

    return parse


def _host(text: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z.:_-]+", text):
        raise ValueError("a host name or an IP address")
    return text


def _currency(text: str) -> str:
    if text.upper() not in MINOR_UNITS:
        raise ValueError("an ISO 4217 currency code such as EUR")
    return text.upper()


def _database_url(text: str) -> str:
    if text.startswith("postgres://"):
        text = "postgresql://" + text.removeprefix("postgres://")
    if (
        re.fullmatch(r"sqlite:///[^?]+|postgresql(\+psycopg)?://.+", text)
        and ":memory:" not in text
    ):
        try:
            make_url(text)
        except (ValueError, ArgumentError):
            raise ValueError(_DATABASE_URLS) from None
        return text
    raise ValueError(_DATABASE_URLS)


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(text.replace(",", " ").split())
    origin = r"[A-Za-z][A-Za-z0-9+.-]*://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?"
    if origins == ("*",) or (origins and all(re.fullmatch(origin, each) for each in origins)):
        return origins
    raise ValueError(
        "* or a list of origins such as https://app.example.com or capacitor://localhost"
    )


def _secret(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._~+/-]{16,512}=*", text):
        raise ValueError("at least 16 of A-Z a-z 0-9 . _ ~ + / -")
    return text


def _folder(text: str) -> str:
    if not Path(text).is_dir():
        raise ValueError("a folder that is there")
    return text


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(each, strict=False) for each in text.replace(",", " ").split())
    except ValueError:
        raise ValueError("a list of IP addresses and networks such as 10.0.0.0/8") from None


def _setting(
    name: str,
    default: Any,
    parse: Callable[[str], Any],
    *,
    aliases: tuple[str, ...] = (),
    **options: Any,
) -> Any:
    """Return the field of the variable `name`, which is also read from its earlier names."""
    metadata = {"name": name, "aliases": aliases, "parse": parse}
    return field(default=default, metadata=metadata, **options)


@dataclass(frozen=True)
class Settings:
    """How this server is to run. README.rst has a row for each."""

    host: str = _setting("HOST", "127.0.0.1", _host)
    port: int = _setting("PORT", 5000, _whole(1, 65535))
    database_url: str = _setting("DATABASE_URL", "sqlite:///todo.db", _database_url)
    currency: str = _setting("CURRENCY", "EUR", _currency)
    cors_origins: tuple[str, ...] = _setting("CORS_ORIGINS", ("*",), _origins)
    registration: str = _setting("REGISTRATION", "open", _one_of("open", "closed"))
    registrations_per_hour: int = _setting("REGISTRATIONS_PER_HOUR", 100, _whole(1, 1_000_000))
    login_failures: int = _setting("LOGIN_FAILURES", 10, _whole(1, 1_000_000))
    account_login_failures: int = _setting("ACCOUNT_LOGIN_FAILURES", 100, _whole(1, 1_000_000))
    address_login_failures: int = _setting("ADDRESS_LOGIN_FAILURES", 100, _whole(1, 1_000_000))
    login_minutes: int = _setting("LOGIN_MINUTES", 15, _whole(1, 1_440))
    messages_per_hour: int = _setting("MESSAGES_PER_HOUR", 20, _whole(1, 1_000_000))
    messages_kept: int = _setting("MESSAGES_KEPT", 10_000, _whole(1, 1_000_000))
    users_shown: int = _setting("USERS_SHOWN", 500, _whole(1, 10_000))
    token_days: int = _setting("TOKEN_DAYS", 30, _whole(1, 365))
    import_max: int = _setting("IMPORT_MAX", 64, _whole(1, 1024))
    trusted_proxies: tuple[Network, ...] = _setting("TRUSTED_PROXIES", (), _networks)
    workers: int = _setting("WORKERS", 2, _whole(1, 256))
    threads: int = _setting("THREADS", 4, _whole(1, 256))
    event_streams: int = _setting("EVENT_STREAMS", 100, _whole(0, 10_000))
    response_cache_mib: int = _setting(
        "RESPONSE_CACHE_MIB", 8, _whole(0, 1024), aliases=("KEPT_ANSWERS",)
    )
    compress_files: str = _setting("COMPRESS_FILES", "on", _one_of("on", "off"))
    compress_answers: str = _setting("COMPRESS_ANSWERS", "on", _one_of("on", "off"))
    idle_timeout: int = _setting("IDLE_TIMEOUT", 20, _whole(1, 600))
    metrics_token: str = _setting("METRICS_TOKEN", "", _secret, repr=False)
    metrics_folder: str = _setting("PROMETHEUS_MULTIPROC_DIR", "", _folder)
    lock_timeout: int = _setting("LOCK_TIMEOUT", 5, _whole(1, 600))
    statement_timeout: int = _setting("STATEMENT_TIMEOUT", 5, _whole(1, 600))
    hsts_days: int = _setting("HSTS_DAYS", 365, _whole(0, 730))
    opentelemetry: str = _setting("OPENTELEMETRY", "off", _one_of("on", "off"))
    access_log: str = _setting("ACCESS_LOG", "on", _one_of("on", "off"))
    log_level: str = _setting(
        "LOG_LEVEL", "info", _one_of("debug", "info", "warning", "error", "critical")
    )

    @classmethod
    def of_its_own(cls, database_url: str, port: int) -> "Settings":
        """Read the settings of a server for tests, whose database, port and process are its own.

        PORT, WORKERS and ACCESS_LOG do not count.

        How much one address may do is not limited, unless it is said. Raises CannotStart when
        DATABASE_URL names a database, which could be one that matters.
        """
        if os.environ.get("DATABASE_URL", "").strip():
            raise CannotStart("A server for tests has a database of its own: unset DATABASE_URL.")
        unlimited = dict.fromkeys(("REGISTRATIONS_PER_HOUR", "MESSAGES_PER_HOUR"), "1000000")
        own = {"PORT": str(port), "DATABASE_URL": database_url}
        quiet = {"WORKERS": "1", "ACCESS_LOG": "off"}
        return cls.from_environment({**unlimited, **os.environ, **own, **quiet})

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings; an empty variable counts as none.

        A setting's alias is read only if the variable of its own name is not set. Raises
        CannotStart, in one line that names the variable, when a value is wrong.
        """
        source = os.environ if environment is None else environment
        values = {}
        for each in fields(cls):
            names = (each.metadata["name"], *each.metadata["aliases"])
            name = next((name for name in names if source.get(name, "").strip()), None)
            if name:
                try:
                    values[each.name] = each.metadata["parse"](source[name].strip())
                except ValueError as error:
                    raise CannotStart(f"{name} is wrong: it must be {error}.") from None
        return cls(**values)


def share_metrics(folder: str) -> None:
    """Let all processes that this one starts count their metrics in `folder`."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
