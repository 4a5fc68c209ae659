import re
from dataclasses import FrozenInstanceError, fields
from ipaddress import ip_network
from pathlib import Path

import pytest

from todo_api.errors import CannotStart
from todo_api.settings import Settings

README = (Path(__file__).parent.parent / "README.rst").read_text()
NAMES = [each.metadata["name"] for each in fields(Settings)]
ALIASES = [(alias, each) for each in fields(Settings) for alias in each.metadata["aliases"]]


def test_without_any_variable_everything_has_its_default():
    assert Settings.from_environment({}) == Settings()
    assert Settings.from_environment(dict.fromkeys(NAMES, " ")) == Settings()


@pytest.mark.parametrize(
    ("name", "text", "attribute", "value"),
    [
        ("HOST", "0.0.0.0", "host", "0.0.0.0"),
        ("HOST", "::1", "host", "::1"),
        ("PORT", "8080", "port", 8080),
        ("DATABASE_URL", "sqlite:////a/b.db", "database_url", "sqlite:////a/b.db"),
        ("DATABASE_URL", "postgres://u@h/d", "database_url", "postgresql://u@h/d"),
        ("DATABASE_URL", "postgresql://h1,h2/d", "database_url", "postgresql://h1,h2/d"),
        ("CURRENCY", "chf", "currency", "CHF"),
        ("CORS_ORIGINS", "https://a.example, capacitor://localhost", "cors_origins", ...),
        ("REGISTRATION", "Closed", "registration", "closed"),
        ("TRUSTED_PROXIES", "10.0.0.1/8 ::1", "trusted_proxies", ...),
        ("TOKEN_DAYS", "365", "token_days", 365),
        ("OPENTELEMETRY", "ON", "opentelemetry", "on"),
        ("RESPONSE_CACHE_MIB", "3", "response_cache_mib", 3),
        ("KEPT_ANSWERS", "3", "response_cache_mib", 3),
    ],
)
def test_a_variable_sets_what_it_is_for(name, text, attribute, value):
    special = {
        "cors_origins": ("https://a.example", "capacitor://localhost"),
        "trusted_proxies": (ip_network("10.0.0.0/8"), ip_network("::1/128")),
    }
    settings = Settings.from_environment({name: text})
    assert getattr(settings, attribute) == special.get(attribute, value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("HOST", "a b"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("PORT", "\uff18\uff10"),
        ("DATABASE_URL", "mysql://h/d"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "postgresql://h:port/x"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "sqlite:///x?mode=memory"),
        ("CURRENCY", "EURO"),
        ("CURRENCY", "XXX"),
        ("CORS_ORIGINS", "example.com"),
        ("CORS_ORIGINS", "://localhost"),
        ("CORS_ORIGINS", "https://a.example/path"),
        ("CORS_ORIGINS", "*,https://a.example"),
        ("REGISTRATION", "maybe"),
        ("REGISTRATIONS_PER_HOUR", "0"),
        ("MESSAGES_PER_HOUR", "-1"),
        ("MESSAGES_KEPT", "many"),
        ("TOKEN_DAYS", "366"),
        ("IMPORT_MAX", "64MiB"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("WORKERS", "0"),
        ("THREADS", "257"),
        ("LOCK_TIMEOUT", "0.5"),
        ("LOG_LEVEL", "loud"),
        ("ACCESS_LOG", "maybe"),
        ("HSTS_DAYS", "731"),
        ("RESPONSE_CACHE_MIB", "1025"),
        ("KEPT_ANSWERS", "-1"),
    ],
)
def test_a_wrong_value_is_one_clear_line(name, text):
    with pytest.raises(CannotStart) as caught:
        Settings.from_environment({name: text})
    assert re.fullmatch(f"{name} is wrong: it must be .+[.]", str(caught.value))


@pytest.mark.parametrize(("alias", "setting"), ALIASES)
def test_an_alias_counts_only_where_the_setting_has_no_value_by_its_own_name(alias, setting):
    name = setting.metadata["name"]
    for sent, value in (
        ({name: "5", alias: "6"}, 5),
        ({name: " ", alias: "6"}, 6),
        ({name: "5", alias: "wrong"}, 5),
        ({alias: " "}, setting.default),
    ):
        assert getattr(Settings.from_environment(sent), setting.name) == value


@pytest.mark.parametrize(("alias", "setting"), ALIASES)
def test_the_readme_names_each_alias_in_the_row_of_its_setting(alias, setting):
    row = re.search(rf"^{setting.metadata['name']} (.*\n(?: .*\n)*)", README, re.MULTILINE)
    assert f"``{alias}``" in row[1]


def test_no_alias_is_the_name_of_another_setting():
    assert not {alias for alias, _ in ALIASES} & set(NAMES)


def test_settings_do_not_change():
    with pytest.raises(FrozenInstanceError):
        Settings().port = 1


def test_the_readme_has_a_row_with_the_default_of_each_setting_and_no_other():
    table = re.findall(r"^([A-Z_]{4,}) +(\S+)", README, re.MULTILINE)
    rows = {name: default for name, default in table if name.isupper()}
    assert set(rows) == set(NAMES)
    for each in fields(Settings):
        default = rows[each.metadata["name"]].replace("\\*", "*")
        value = ",".join(each.default) if isinstance(each.default, tuple) else str(each.default)
        assert default == (value or "(none)")
