import re

import pytest
from price_names import NAMES, encoded, must_lead_to_prices

from todo_api.models import ItemPrice

PRICES = "/api/v1/prices"


def test_the_price_of_an_item_is_asked_by_its_name(backend, nobody):
    backend.price("apples", 13500)
    answer = nobody.get("/itemprice?itemname=apples")
    assert answer.status_code == 200
    assert answer.json == {"name": "apples", "price": 1.35}
    assert answer.text == '{"name":"apples","price":1.35}'


@pytest.mark.parametrize(
    "name", ["APPLES", " apples ", "\uff41pples", "app\u00adles", "\ufeffapples\u200b"]
)
def test_a_name_is_found_in_whatever_form_and_given_back_as_asked(backend, nobody, name):
    backend.price("apples", 13500)
    answer = nobody.get("/itemprice", query_string={"itemname": name})
    assert answer.json == {"name": name, "price": 1.35}


@pytest.mark.parametrize("name", ["pears", "", "x" * 5000])
def test_an_unknown_item_costs_nothing(nobody, name):
    answer = nobody.get("/itemprice", query_string={"itemname": name})
    assert (answer.status_code, answer.json) == (200, {"name": name, "price": 0})


def test_no_item_costs_nothing(nobody):
    for query in ("", "?other=1"):
        answer = nobody.get(f"/itemprice{query}")
        assert (answer.status_code, answer.json) == (200, {"name": None, "price": 0})


def test_an_admin_sets_a_price(admin, nobody):
    answer = admin.post(PRICES, json={"name": "Milch", "price": "1.09", "unit": "l"})
    assert answer.status_code == 201
    assert list(answer.json) == ["name", "price", "currency", "unit", "updated_date", "etag"]
    assert answer.json["price"] == 1.09
    assert answer.json["currency"] == "EUR"
    assert answer.headers["Location"] == f"{PRICES}/Milch"
    shown = nobody.get(answer.headers["Location"])
    assert shown.json == answer.json
    assert shown.headers["ETag"] == answer.headers["ETag"]


def test_the_servers_currency_is_the_default(backend):
    admin = backend.with_settings(currency="CHF").admin()
    assert admin.post(PRICES, json={"name": "a", "price": 1}).json["currency"] == "CHF"
    answer = admin.put(f"{PRICES}/a", json={"currency": "jpy"})
    assert answer.json["currency"] == "JPY"
    assert admin.put(f"{PRICES}/a", json={"currency": None}).json["currency"] == "CHF"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("0", "0"),
        ("0.0001", "0.0001"),
        ("1.3500", "1.35"),
        ("100000000", "100000000"),
        ("99999999.9999", "99999999.9999"),
        ("16020000", "16020000"),
        ("0.1", "0.1"),
        ("1e2", "100"),
        ("1.00000", "1"),
        ("0e999999999", "0"),
    ],
)
def test_money_is_exact(admin, sent, shown):
    body = f'{{"name": "a", "price": {sent}}}'
    answer = admin.post(PRICES, data=body, content_type="application/json")
    assert f'"price":{shown},' in answer.text
    text = admin.put(f"{PRICES}/a", data={"price": sent})
    assert f'"price":{shown},' in text.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", "1.00001"),
        ("price", "1.00000000000000000000000000001"),
        ("price", -0.01),
        ("price", 100_000_000.0001),
        ("price", "1e999999"),
        ("price", "1e-999999"),
        ("price", "nan"),
        ("price", "\uff11"),
        ("price", "1,35"),
        ("price", ""),
        ("price", None),
        ("price", True),
        ("price", 10**30),
        ("name", ""),
        ("name", "."),
        ("name", ".."),
        ("name", "\u2025"),
        ("name", "x" * 256),
        ("name", None),
        ("currency", "EURO"),
        ("currency", "XXX"),
        ("currency", ""),
        ("currency", "\u0131dr"),
        ("currency", "u\u017fd"),
        ("unit", "x" * 33),
        ("updated_date", "2020-01-01T00:00:00Z"),
        ("revision", 1),
        ("name_key", "x"),
    ],
)
def test_a_field_that_is_wrong_is_named_and_no_row_is_written(backend, admin, field, value):
    answer = admin.post(PRICES, json={"name": "a", "price": 1, field: value})
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [field]
    assert backend.count(ItemPrice) == 0


def test_a_taken_name_is_a_conflict(admin):
    assert admin.post(PRICES, json={"name": "Apples", "price": 1}).status_code == 201
    assert admin.post(PRICES, json={"name": "pears", "price": 1}).status_code == 201
    answer = admin.post(PRICES, json={"name": "apples", "price": 2})
    assert (answer.status_code, list(answer.json["errors"])) == (409, ["name"])
    assert admin.post(PRICES, json={"name": "app\u00adles", "price": 2}).status_code == 409
    assert admin.put(f"{PRICES}/pears", json={"name": "APPLES"}).status_code == 409
    assert admin.put(f"{PRICES}/pears", json={"name": "\u200bapples"}).status_code == 409
    assert admin.get(f"{PRICES}/apples").json["price"] == 1


def test_another_name_renames(admin):
    admin.post(PRICES, json={"name": "apples", "price": 1})
    assert admin.put(f"{PRICES}/apples", json={"name": "Äpfel"}).json["name"] == "Äpfel"
    assert admin.get(f"{PRICES}/apples").status_code == 404
    assert admin.get(f"{PRICES}/äpfel").status_code == 200
    assert admin.put(f"{PRICES}/äpfel", json={"name": "äpfel"}).json["name"] == "äpfel"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_what_is_absent_stays_and_what_was_received_may_be_sent_back(admin, method):
    price = admin.post(PRICES, json={"name": "a", "price": 1, "unit": "kg"}).json
    answer = admin(method, f"{PRICES}/a", json=price)
    assert answer.json == price
    changed = admin(method, f"{PRICES}/a", json={"price": 2}).json
    assert [changed["price"], changed["unit"]] == [2, "kg"]
    assert changed["updated_date"] > price["updated_date"]
    assert admin(method, f"{PRICES}/a", json={"unit": None}).json["unit"] is None


def test_a_price_that_is_not_there_is_not_found(admin):
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        for name in ("none", "%00", "x" * 300, "/"):
            answer = admin(method, f"{PRICES}/{name}", json={})
            assert (answer.status_code, answer.json["message"]) == (404, "No such price")


def test_a_deleted_price_is_gone(admin, nobody):
    admin.post(PRICES, json={"name": "a", "price": 1})
    assert admin.delete(f"{PRICES}/a").status_code == 204
    assert nobody.get(f"{PRICES}/a").status_code == 404
    assert nobody.get("/itemprice?itemname=a").json["price"] == 0


@pytest.mark.parametrize(
    "name", ["salt/pepper", "/first", "last/", "//", "100%", "a?b#c", "a\nb", "a+b", " x ", "食塩"]
)
def test_a_location_leads_to_any_name(admin, nobody, name):
    made = admin.post(PRICES, json={"name": name, "price": 1})
    assert made.status_code == 201
    location = made.headers["Location"]
    assert location.isascii()
    assert nobody.get(location).json["name"] == name
    if not name.endswith("/"):
        assert nobody.get(f"{location}/").json["name"] == name


@pytest.mark.parametrize("path_of", [None, encoded])
def test_any_name_is_found_at_its_location_and_where_it_is_percent_encoded(admin, path_of):
    def send(method, path, body):
        answer = admin(method, path, json=body)
        return answer.status_code, answer.get_json(silent=True), answer.headers

    must_lead_to_prices(send, path_of)


def test_a_location_has_no_part_that_is_taken_for_a_slash_or_a_folder(admin):
    for name in NAMES:
        location = admin.post(PRICES, json={"name": name, "price": 1}).headers["Location"]
        assert re.fullmatch(r"/api/v1/prices/[A-Za-z0-9._~%-]+", location)
        assert "%2F" not in location.replace("%252F", "")


def test_the_list_is_paged_by_name(backend, nobody):
    for name in ("pears", "Äpfel", "apples", "Bread", "\N{PENGUIN}"):
        backend.price(name, 10000)
    order = ["apples", "Bread", "pears", "Äpfel", "\N{PENGUIN}"]
    whole = nobody.get(PRICES)
    assert list(whole.json) == ["prices", "next", "etag"]
    assert [price["name"] for price in whole.json["prices"]] == order
    seen, path = [], f"{PRICES}?limit=2"
    while path:
        page = nobody.get(path)
        seen += [price["name"] for price in page.json["prices"]]
        path = page.json["next"]
    assert seen == order
    assert nobody.get(f"{PRICES}?after=WzFd").status_code == 422
    assert nobody.get(f"{PRICES}?x=1").status_code == 422


@pytest.mark.parametrize(
    ("words", "found"),
    [("PE", ["pears", "pepper 50%"]), ("0%", ["pepper 50%"]), ("e_", []), ("äp", ["Äpfel"])],
)
def test_prices_are_found_by_a_part_of_their_name(backend, nobody, words, found):
    for name in ("pears", "pepper 50%", "Äpfel"):
        backend.price(name, 10000)
    listed = nobody.get(PRICES, query_string={"q": words}).json["prices"]
    assert [price["name"] for price in listed] == found


def test_etags_guard_prices(admin, nobody):
    made = admin.post(PRICES, json={"name": "a", "price": 1})
    path, etag = made.headers["Location"], made.headers["ETag"]
    listed = nobody.get(PRICES).headers["ETag"]
    for known in (etag, "*"):
        assert nobody.get(path, headers={"If-None-Match": known}).status_code == 304
    assert nobody.get(PRICES, headers={"If-None-Match": listed}).status_code == 304
    changed = admin.put(path, json={"price": 2}, headers={"If-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] == nobody.get(path).headers["ETag"] != etag
    for method in ("PUT", "PATCH", "DELETE"):
        assert admin(method, path, json={}, headers={"If-Match": etag}).status_code == 412
    assert nobody.get(PRICES, headers={"If-None-Match": listed}).status_code == 200
    before = nobody.get(PRICES).headers["ETag"]
    admin.delete(path)
    assert nobody.get(PRICES).headers["ETag"] != before


def test_only_an_admin_writes(alice, nobody, admin):
    admin.post(PRICES, json={"name": "a", "price": 1})
    for client, status in ((nobody, 401), (alice, 403)):
        assert client.post(PRICES, json={"name": "b", "price": 1}).status_code == status
        for method in ("PUT", "PATCH", "DELETE"):
            assert client(method, f"{PRICES}/a", json={}).status_code == status
    assert nobody.get(f"{PRICES}/a").json["price"] == 1
