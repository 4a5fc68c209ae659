"""Many prices come at once, all of them or none."""

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from support import Backend

from todo_api.database import Database
from todo_api.models import Base, ItemPrice
from todo_api.resources import of_file
from todo_api.services import price_merge, prices
from todo_api.services.price_merge import Entry
from todo_api.values import names

PRICES = "/api/v1/prices"
IMPORT = f"{PRICES}/import"
MIB = 1024 * 1024


def send(client, content, media="text/csv", **headers):
    data = content.encode() if isinstance(content, str) else content
    # The test client would tell no length of an empty body.
    length = {"CONTENT_LENGTH": str(len(data))}
    return client.post(
        IMPORT, data=data, content_type=media, headers=headers, environ_overrides=length
    )


def send_json(client, *rows, **beside):
    return send(client, json.dumps({"prices": rows, **beside}), "application/json")


def counts(new=0, changed=0, unchanged=0):
    return {"new": new, "changed": changed, "unchanged": unchanged}


def stored(backend):
    with backend.session() as session:
        tables = Base.metadata.sorted_tables
        return {
            table.name: session.execute(select(table).order_by(*table.primary_key)).all()
            for table in tables
        }


def shown(client, name):
    price = client.get(f"{PRICES}/{name}").json
    return [price["name"], price["price"], price["currency"], price["unit"]]


def test_prices_are_imported_and_again_without_a_change(admin, nobody):
    file = "name,price,currency,unit\nÄpfel,1.35,CHF,kg\nBrot,2.5,,\n"
    first = send(admin, file)
    assert (first.status_code, first.json) == (200, counts(new=2))
    assert shown(nobody, "äpfel") == ["Äpfel", 1.35, "CHF", "kg"]
    assert shown(nobody, "brot") == ["Brot", 2.5, "EUR", None]
    before = nobody.get(PRICES)
    assert first.headers["ETag"] == before.headers["ETag"]
    assert send(admin, file).json == counts(unchanged=2)
    after = nobody.get(PRICES)
    assert (after.headers["ETag"], after.data) == (before.headers["ETag"], before.data)
    answer = send(admin, "unit,price,name\n,1.40,äpfel\n,2.5,Brot\nl,1,Milch\n")
    assert answer.json == counts(new=1, changed=1, unchanged=1)
    assert shown(nobody, "Äpfel") == ["äpfel", 1.4, "EUR", None]


def test_json_says_the_same(backend, nobody):
    admin = backend.with_settings(currency="CHF").admin()
    rows = [
        {"name": "Äpfel", "price": "1.35", "currency": "eur", "unit": "kg"},
        {"name": "Brot", "price": 2.5, "currency": None, "unit": None},
        {"name": "Milch", "price": 1e8},
    ]
    assert send_json(admin, *rows).json == counts(new=3)
    assert shown(nobody, "Äpfel") == ["Äpfel", 1.35, "EUR", "kg"]
    assert shown(nobody, "Brot") == ["Brot", 2.5, "CHF", None]
    assert shown(nobody, "Milch") == ["Milch", 100_000_000, "CHF", None]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("prices.csv", b"name,price\na,1\n"),
        ("prices.json", b'{"prices": [{"name": "a", "price": 1}]}'),
    ],
)
def test_a_file_comes_as_a_part_too(admin, nobody, name, content):
    answer = admin.post(IMPORT, data={"file": (BytesIO(content), name)})
    assert (answer.status_code, answer.json) == (200, counts(new=1))
    assert shown(nobody, "a")[1] == 1


def test_a_page_of_the_list_may_be_sent_back(backend, admin, nobody):
    for name in ("apples", "Brot", "\N{PENGUIN}"):
        backend.price(name, 13500, unit="kg")
    for limit in (2, 3):
        page = nobody.get(f"{PRICES}?limit={limit}")
        assert send(admin, page.data, "application/json").json == counts(unchanged=limit)
    page = nobody.get(PRICES).json
    page["prices"][1]["price"] = 2
    assert send(admin, json.dumps(page), "application/json").json == counts(changed=1, unchanged=2)


def test_json_of_nothing_but_empty_values_is_not_even_parsed(backend):
    admin = backend.with_settings(import_max=1).admin()
    empty = '{"prices": [' + "[]," * 90_000 + "[]]}"
    answer = send(admin, empty, "application/json")
    assert answer.status_code == 422
    assert answer.json["message"] == "The JSON holds more than 160,000 values."
    row = '{"name":"%d","price":1}'
    full = '{"prices":[' + ",".join(row % number for number in range(10, 38_000)) + "]}"
    assert len(full) > 0.9 * MIB
    assert send(admin, full, "application/json").json == counts(new=37_990)


def test_a_row_that_was_read_before_somebody_else_changed_it_is_refused(backend, admin, nobody):
    backend.price("a", 10000)
    page = nobody.get(PRICES).json
    admin.put(f"{PRICES}/a", json={"price": 2})
    new = {"name": "b", "price": 1, "updated_date": "2020-01-01T00:00:00Z"}
    before = stored(backend)
    answer = send_json(admin, {"name": "c", "price": 1}, *page["prices"], new)
    assert answer.status_code == 422
    assert answer.json["errors"] == {"prices[1], prices[2]": ["updated_date: Read-only."]}
    assert stored(backend) == before


BAD = """name,price,currency
good,1,EUR
,1,EUR
dear,1.00001,XXX
"two
lines",x,EUR
Good,2,EUR
..,2,EUR
short
wine,1,50,EUR
"""


def test_bad_rows_are_named_by_line_and_nothing_is_imported(backend, admin):
    backend.price("good", 20000)
    before = stored(backend)
    answer = send(admin, BAD)
    assert (answer.status_code, answer.json["message"]) == (
        422,
        "7 rows are wrong; nothing was imported.",
    )
    assert answer.json["errors"] == {
        "line 3": ["name: Must have 1 to 255 characters: ``."],
        "line 4": [
            "price: At most 4 decimals: `1.00001`.",
            "currency: Not an ISO 4217 currency code: `XXX`.",
        ],
        "line 5": ["price: Not a number: `x`."],
        "line 7": ["name: 'Good' has a price on line 2 already."],
        "line 8": ["name: Must not be `.` or `..`: `..`."],
        "line 9": ["price: Not a number: ``."],
        "line 10": ["There is no column for `EUR`."],
    }
    assert stored(backend) == before


def test_bad_rows_of_json_are_named_by_their_place(backend, admin):
    good = {"name": "good", "price": 1}
    rows = [good, {"name": "x", "price": True}, 7, None, {**good, "name": " GOOD"}]
    rows += [{"name": 1, "price": 1}, {**good, "name": "y", "weight": 1}, {"price": 1}]
    answer = send_json(admin, *rows)
    assert answer.status_code == 422
    assert answer.json["errors"] == {
        "prices[1]": ["price: Must be a number: `true`."],
        "prices[2], prices[3]": ["Must be an object."],
        "prices[4]": ["name: ' GOOD' has a price on prices[0] already."],
        "prices[5]": ["name: Must be a text: `1`."],
        "prices[6]": ["weight: Unknown field: `1`."],
        "prices[7]": ["name: Missing data for required field."],
    }
    assert backend.count(ItemPrice) == 0


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (1, "1 row is wrong; nothing was imported."),
        (1000, "1,000 rows are wrong; nothing was imported."),
        (5000, "More than 1,000 rows are wrong; nothing was imported."),
    ],
)
def test_an_answer_names_a_few_bad_rows_and_counts_the_others(admin, bad, message):
    answer = send(admin, "name,price\n" + "".join(f"x,y{number}\n" for number in range(bad)))
    assert (answer.status_code, answer.json["message"]) == (422, message)
    assert len(answer.json["errors"]) == min(bad, 20)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ("", 422),
        ("\n", 422),
        ("price\n1\n", 422),
        ("name,price,name\na,1,b\n", 422),
        ("name,price" + ",price" * 100_000, 422),
        ("name,price,currency,currency\na,1,EUR,CHF\n", 422),
        ("name,price,currncy\na,1,CHF\n", 422),
        ("name,price,updated_date\na,1,2020-01-01T00:00:00Z\n", 422),
        ("name,price\na\0b,1\n", 422),
        ("name,pri\0ce\na,1\n", 422),
        ("name,price," + ",".join(map(str, range(100_000))) + "\n" + "a\n" * 1000, 422),
        ("name,price\n" + "a," * 100_000 + "\n", 422),
        ("name,price\na,1_000\n", 422),
        ("name,price\na,\uff11\n", 422),
        ("name,price\na,nan\n", 422),
        ("name,price\na,1e999999\n", 422),
        ("name,price\n" + "x" * 100_000 + ",1\n", 422),
        ('name,price\n"a,1\n', 400),
        ('name,price\n"a"b,1\n', 400),
        ("name,price\n" + "x" * 200_000 + ",1\n", 422),
        ("name,price\nÄpfel,1\n".encode("latin-1"), 400),
        ("name,price\na,1\n".encode("utf-16"), 400),
        (b"name,price\n\xed\xa0\x80,1\n", 400),
        (b"SQLite format 3\0" + bytes(1000), 422),
    ],
)
def test_a_file_that_is_no_price_list_is_told_so(backend, admin, content, status):
    answer = send(admin, content)
    assert answer.status_code == status, answer.json
    assert len(answer.data) < 10_000
    assert backend.count(ItemPrice) == 0


def test_what_is_wrong_with_csv_is_named_by_its_line(admin):
    answer = send(admin, 'name,price\na,1\n"b\nc",1\n"d,1\ne,1\n')
    assert (
        answer.json["message"]
        == 'The CSV cannot be parsed; line 5, `"d,1`: unexpected end of data.'
    )
    answer = send(admin, "name,price,x\na,1\n")
    assert answer.json["errors"] == {"x": ["Unknown column."]}


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ("", 400),
        ("{", 400),
        ('{"prices": [{"name": "a", "price": 1, "price": 2}]}', 400),
        ('{"prices": [{"name": "a", "price": NaN}]}', 400),
        ('\ufeff\ufeff{"prices": []}', 400),
        ('{"prices": []}'.encode("utf-16"), 400),
        ('{"prices": ' + "[" * 100_000, 400),
        ("[]", 422),
        ("null", 422),
        ("{}", 422),
        ('{"prices": {}}', 422),
        ('{"prices": null}', 422),
        ('{"prices": [], "more": 1}', 422),
        ('{"prices": [{"name": "\\ud800", "price": 1}]}', 422),
        ('{"prices": [{"name": "a\\u0000", "price": 1}]}', 422),
        ('{"prices": [{"name": "a", "price": 1.00001}]}', 422),
        ('{"prices": [{"name": "a", "price": ' + "9" * 100_000 + "}]}", 422),
        ('{"prices": [' + "[]," * 200_000 + "[]]}", 422),
    ],
)
def test_json_that_is_no_price_list_is_told_so(backend, admin, content, status):
    answer = send(admin, content, "application/json")
    assert answer.status_code == status, answer.json
    assert len(answer.data) < 10_000
    assert backend.count(ItemPrice) == 0


@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_they_like(admin, nobody, start, end):
    file = start + end.join(["name,price", 'Äpfel,"1.35"', "", "b,2"])
    assert send(admin, file).json == counts(new=2)
    assert shown(nobody, "Äpfel")[1] == 1.35


def test_a_line_end_inside_a_name_is_kept(backend, admin):
    assert send(admin, 'name,price\r\n"a\r\nb\rc\n",1\r\n').json == counts(new=1)
    assert list(all_prices(backend)[0]) == ["a\r\nb\rc"]
    with backend.session() as session:
        assert session.scalars(select(ItemPrice.name)).one() == "a\r\nb\rc\n"


@pytest.mark.parametrize(
    ("content", "media"),
    [
        ("name,price\n", "text/csv"),
        ("name,price", "text/csv"),
        ('{"prices":[]}', "application/json"),
    ],
)
def test_a_list_of_no_prices_changes_none(backend, admin, content, media):
    before = stored(backend)
    answer = send(admin, content, media)
    assert (answer.status_code, answer.json) == (200, counts())
    assert stored(backend)["price_list"] == before["price_list"]


def test_texts_and_prices_arrive_byte_for_byte(backend, admin):
    texts = ['"', "\\", "a\\u0041", "'", "\n", "\r\n", "\x01", "\x7f", "\u2028", "a\tb", " x "]
    texts += ["\N{PENGUIN}", "Straße", "食塩", "null", "123", "1e5", "$[0]", "%s", ":name", "[1]"]
    rows = [
        {"name": f"{text}{number}", "price": "99999999.9999", "unit": text}
        for number, text in enumerate(texts)
    ]
    rows.append({"name": "0", "price": 0, "unit": ""})
    assert send_json(admin, *rows).json == counts(new=len(rows))
    with backend.session() as session:
        found = {price.name: price for price in session.scalars(select(ItemPrice))}
    assert {name: price.unit for name, price in found.items()} == {
        row["name"]: row["unit"] for row in rows
    }
    assert found.pop("0").price == 0
    assert {price.price for price in found.values()} == {999_999_999_999}
    assert all(price.name_key == names.key(price.name) for price in found.values())
    assert send_json(admin, *rows).json == counts(unchanged=len(rows))


def entries_of(rows):
    return [
        Entry(f"line {line}", names.key(name), name, price, currency, unit, None)
        for line, (name, price, currency, unit) in enumerate(rows)
    ]


def merged(backend, entries):
    with backend.database.reading() as session:
        difference = price_merge.compare(session, prices.price_list(session), entries)
    with backend.database.transaction() as session:
        return price_merge.merge(session, prices.take_list(session), difference)


def all_prices(backend):
    with backend.session() as session:
        found = session.execute(select(ItemPrice.__table__)).mappings()
        return {row["name_key"]: dict(row) for row in found}, prices.price_list(session).revision


def test_each_new_or_changed_row_has_the_next_revision_and_no_other_is_touched(backend):
    """What a merge does, written a second time for one row after the other."""
    chance = random.Random(7)
    for _ in range(12):
        drawn = {}
        for _ in range(40):
            name = chance.choice(["a{}", "A{}", " a{} ", "Ä{}"]).format(chance.randrange(40))
            row = (
                name,
                chance.randrange(3),
                chance.choice(["EUR", "JPY"]),
                chance.choice("x ") or None,
            )
            drawn.setdefault(names.key(name), row)
        before, revision = all_prices(backend)
        expected = {key: [*list(row.values())[1:5], row["revision"]] for key, row in before.items()}
        numbers = counts()
        for key, row in sorted(drawn.items()):
            if key in expected and expected[key][:4] == list(row):
                numbers["unchanged"] += 1
                continue
            numbers["changed" if key in expected else "new"] += 1
            revision += 1
            expected[key] = [*row, revision]
        assert merged(backend, entries_of(drawn.values())) == numbers
        after, last = all_prices(backend)
        assert last == revision
        columns = ("name", "price", "currency", "unit", "revision")
        assert {key: [row[each] for each in columns] for key, row in after.items()} == expected
        for key, row in after.items():
            same = key in before and before[key]["revision"] == row["revision"]
            assert same is (key in before and before[key]["updated_date"] == row["updated_date"])


def test_more_rows_than_go_in_one_piece_are_merged(backend):
    rows = [(f"item {number * 7919 % 25_013}", number, "EUR", None) for number in range(25_013)]
    assert merged(backend, entries_of(rows)) == counts(new=25_013)
    found, last = all_prices(backend)
    assert [found[key]["revision"] for key in sorted(found)] == list(range(last - 25_012, last + 1))
    assert {row["name"]: row["price"] for row in found.values()} == {
        name: price for name, price, *_ in rows
    }


def test_what_has_changed_since_it_was_compared_is_compared_again(backend):
    backend.price("a", 1)
    entries = entries_of([("a", 1, "EUR", None), ("b", 2, "EUR", None), ("c", 3, "EUR", None)])
    with backend.database.reading() as session:
        difference = price_merge.compare(session, prices.price_list(session), entries)
    assert (difference.new, difference.changed) == (2, 0)
    with backend.database.transaction() as session:
        price_list = prices.take_list(session)
        prices.change(session, price_list, prices.get(session, "a"), {"price": 5})
    backend.price("b", 2)
    with backend.database.transaction() as session:
        done = price_merge.merge(session, prices.take_list(session), difference)
    assert done == counts(new=1, changed=1, unchanged=1)
    found, _ = all_prices(backend)
    assert {key: row["price"] for key, row in found.items()} == {"a": 1, "b": 2, "c": 3}


def test_a_merge_that_fails_half_way_changes_nothing(backend):
    backend.price("a", 1)
    before = stored(backend)
    rows = [
        ("a", 2, "EUR", None),
        *((f"item {number:05}", 1, "EUR", None) for number in range(15_000)),
    ]
    with pytest.raises(IntegrityError):
        merged(backend, entries_of([*rows, ("z", -1, "EUR", None)]))
    assert stored(backend) == before


def test_an_import_can_be_repeated_under_a_key(backend, admin):
    file = b"name,price\na,1\n"
    key = {"Idempotency-Key": "k"}
    first = send(admin, file, **key)
    admin.delete(f"{PRICES}/a")
    again = send(admin, file, **key)
    part = admin.post(IMPORT, data={"file": (BytesIO(file), "a.csv")}, headers=key)
    for repeat in (again, part):
        assert repeat.headers["Idempotent-Replayed"] == "true"
        assert (repeat.status_code, repeat.data) == (first.status_code, first.data)
    assert backend.count(ItemPrice) == 0
    other = send(admin, b"name,price\na,2\n", **key)
    assert (other.status_code, "Idempotency-Key" in other.json["message"]) == (422, True)
    assert send(admin, file, **{"Idempotency-Key": "a b"}).status_code == 400


def test_one_large_file_is_parsed_at_a_time_and_small_ones_go_on(
    backend, admin, database_url, monkeypatch
):
    """The first waits for the price list meanwhile, which somebody else has taken."""
    monkeypatch.setattr(of_file, "LARGE", 100_000)
    large = "name,price\na,1\n" + "\n" * of_file.LARGE
    patient = Database(database_url, lock_timeout=60)
    first = Backend(backend.settings, patient).admin()
    impatient = backend.with_settings(lock_timeout=1).admin()
    with ThreadPoolExecutor(1) as threads:
        with backend.database.transaction() as session:
            prices.take_list(session)
            answer = threads.submit(send, first, large)
            while not of_file.LARGE_FILE.locked():
                time.sleep(0.01)
            refused = send(impatient, large)
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
            assert refused.json["message"] == "Another import is under way; try again."
            assert impatient.get(PRICES).status_code == 200
            small = send(impatient, "name,price\nb,x\n")
            assert small.status_code == 422
        assert answer.result().json == counts(new=1)
    patient.close()
    assert send(impatient, large).json == counts(unchanged=1)


def test_how_a_file_may_come_holds_here(backend, admin):
    small = backend.with_settings(import_max=1).admin()
    assert send(small, b"x" * (MIB + 1)).status_code == 413
    assert send(admin, b"name,price\na,1\n" + b"\n" * MIB).status_code == 200
    assert send(admin, "BEGIN:VCALENDAR", "text/calendar").status_code == 415
    assert send(admin, "x", "application/x-www-form-urlencoded").status_code == 415
    assert admin.post(IMPORT, content_type="text/csv").status_code == 411
    sent = {"data": "name,price\n", "content_type": "text/csv"}
    assert admin.post(f"{IMPORT}?x=1", **sent).status_code == 422


@pytest.mark.parametrize("suffix", ["", "/"])
def test_a_price_called_import_is_there_like_any_other(admin, nobody, suffix):
    path = IMPORT + suffix
    assert nobody.get(path).status_code == 404
    made = admin.post(PRICES, json={"name": "import", "price": 1})
    assert made.headers["Location"] == IMPORT
    assert nobody.get(path).json == made.json
    assert nobody("HEAD", path).status_code == 200
    assert admin.put(path, json={"price": 2}).json["price"] == 2
    assert admin.patch(path, json={"unit": "kg"}).json["unit"] == "kg"
    assert admin.post(path, data="name,price\nb,1\n", content_type="text/csv").status_code == 200
    assert admin.delete(path).status_code == 204
    refused = admin("TRACE", path)
    assert refused.status_code == 405
    assert set(refused.headers["Allow"].split(", ")) == {
        "DELETE",
        "GET",
        "HEAD",
        "OPTIONS",
        "PATCH",
        "POST",
        "PUT",
    }
    assert admin.post(f"{PRICES}/other").status_code == 405
