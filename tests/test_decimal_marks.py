"""Numbers with a decimal comma are read in files, and nothing is guessed."""

import pytest
from test_csv_table import IMPORT, by_command, by_http, post, prices, send

from todo_api.errors import Invalid
from todo_api.models import ItemPrice, Task
from todo_api.schemas.decimal_marks import Numbers

__all__ = ["by_command", "by_http", "send"]

NBSP, NARROW = "\u00a0", "\u202f"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1299", "1299"),
        ("1.35", "1.35"),
        ("1,35", "1.35"),
        ("0,299", "0.299"),
        ("0.299", "0.299"),
        ("-1,5", "-1.5"),
        ("1,2990", "1.2990"),
        ("1,299.00", "1299.00"),
        ("1.299,00", "1299.00"),
        ("1,299,000", "1299000"),
        ("12.299.000", "12299000"),
        ("1 299,50", "1299.50"),
        (f"1{NBSP}299", "1299"),
        (f"1{NARROW}299.5", "1299.5"),
        ("1'299.50", "1299.50"),
        (" 1,35 ", "1.35"),
        ("1e3", "1e3"),
        ("x", "x"),
        ("1,35 €", "1,35 €"),
        ("1,2,3", "1,2,3"),
        ("1,29,900", "1,29,900"),
        ("1.299.00", "1.299.00"),
        ("", ""),
    ],
)
def test_a_number_that_can_mean_one_thing_only_is_read(text, number):
    assert Numbers(None, "\t").plain(text, 2).strip() == number


@pytest.mark.parametrize(
    ("decimal", "text", "number"),
    [
        (",", "1.299", "1299"),
        (",", "1,299", "1.299"),
        (",", "1299", "1299"),
        (".", "1,299", "1299"),
        (".", "1.299", "1.299"),
        (".", "1 299.5", "1299.5"),
        (".", "1e3", "1e3"),
    ],
)
def test_a_decimal_mark_that_is_named_is_the_one(decimal, text, number):
    assert Numbers(decimal, ";").plain(text, 2) == number


@pytest.mark.parametrize(
    ("decimal", "text"), [(",", "1.35"), (",", "1,299.00"), (".", "1,35"), (".", "1.299,00")]
)
def test_a_number_with_the_other_decimal_mark_is_wrong(decimal, text):
    with pytest.raises(ValueError, match=f"Not a number with the decimal mark `{decimal}`"):
        Numbers(decimal, ",").plain(text, 2)


@pytest.mark.parametrize(
    ("delimiter", "text"), [(",", "1,299"), (";", "1,299"), (";", "1.299"), ("\t", "12,500")]
)
def test_an_ambiguous_number_is_wrong(delimiter, text):
    with pytest.raises(ValueError, match="May be 1"):
        Numbers(None, delimiter).plain(text, 2)


@pytest.mark.parametrize("texts", [("1.299", "2", "2,50"), ("2,50", "2", "1.299")])
def test_a_point_beside_decimal_commas_is_ambiguous_in_either_order(texts):
    numbers = Numbers(None, "\t")
    for line, text in enumerate(texts[:2], 2):
        numbers.plain(text, line)
    with pytest.raises(Invalid) as caught:
        numbers.plain(texts[2], 4)
    ((place, (told,)),) = caught.value.errors.items()
    assert place == f"line {2 + texts.index('1.299')}"
    assert told == (
        f"`1.299` may be 1.299 or 1299, since line {2 + texts.index('2,50')} has `2,50`."
        " Set `decimal` to `.` or `,`."
    )


@pytest.mark.parametrize("delimiter", [",", "\t", "|"])
def test_a_number_of_thousands_or_decimals_is_refused_where_no_other_tells_which(delimiter):
    numbers = Numbers(None, delimiter)
    for line, text in enumerate(["2", "1.299", "12.499"], 2):
        numbers.plain(text, line)
    with pytest.raises(Invalid) as caught:
        numbers.must_be_certain()
    assert caught.value.errors == {
        "line 3": ["May be 1.299 or 1299: `1.299`. Set `decimal` to `.` or `,`."]
    }


@pytest.mark.parametrize("other", ["1.35", "0.299", "1.2990", "1 299.50", "1,299.00"])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_number_that_has_a_point_for_certain_tells_what_the_others_mean(other, is_first):
    numbers = Numbers(None, ",")
    texts = ["1.299", other][:: -1 if is_first else 1]
    assert "1.299" in [numbers.plain(text, line) for line, text in enumerate(texts, 2)]
    numbers.must_be_certain()


@pytest.mark.parametrize("text", ["1.5e3", "1.299e0", ".299", "5."])
def test_a_point_in_a_file_of_decimal_commas_is_wrong_wherever_it_stands(text):
    with pytest.raises(ValueError, match="Not a number with the decimal mark `,`"):
        Numbers(",", ";").plain(text, 2)


GERMAN = "\ufeffname;price\r\nKäse;1,35\r\nRad;1.299,00\r\n".encode()


def test_a_german_price_list_is_read(send, nobody):
    assert send(GERMAN) == ""
    assert prices(nobody) == {"Käse": 1.35, "Rad": 1299}


def test_thousands_are_read_where_the_decimals_show_them(send, nobody):
    assert send(b'name,price\r\nFridge,"1,299.00"\r\n') == ""
    assert prices(nobody) == {"Fridge": 1299}


AMBIGUOUS = b"name;price\nTea;2\nWheel;1.299\n"


def test_an_ambiguous_price_names_its_line_its_value_and_the_cure(backend, send):
    told = send(AMBIGUOUS)
    assert "line 3" in told
    assert "price: May be 1.299 or 1299: `1.299`. Set `decimal` to `.` or `,`." in told
    assert backend.count(ItemPrice) == 0


def test_a_file_that_mixes_marks_is_refused_though_bad_rows_are_skipped(backend, by_command):
    told = by_command(b"name\tprice\na\t1.299\nb\t2,50\n", "--skip-bad")
    assert "line 2: `1.299` may be 1.299 or 1299, since line 3 has `2,50`." in told
    assert backend.count(ItemPrice) == 0


@pytest.mark.parametrize("delimiter", [",", "\t", "|"])
def test_prices_that_may_be_thousands_are_imported_only_when_something_tells(
    backend, send, nobody, delimiter
):
    content = "name,price\nTea,2\nWheel,1.299\n".replace(",", delimiter).encode()
    told = send(content)
    assert "line 3" in told
    assert "May be 1.299 or 1299: `1.299`. Set `decimal` to `.` or `,`." in told
    assert backend.count(ItemPrice) == 0
    assert send(content + f"Milk{delimiter}1.35\n".encode()) == ""
    assert prices(nobody) == {"Milk": 1.35, "Tea": 2, "Wheel": 1.299}


@pytest.mark.parametrize(("decimal", "price"), [(".", 1.299), (",", 1299)])
def test_the_cure_works(by_command, by_http, nobody, decimal, price):
    assert by_http(AMBIGUOUS, decimal=decimal) == ""
    assert prices(nobody) == {"Tea": 2, "Wheel": price}
    assert by_command(AMBIGUOUS.replace(b"Wheel", b"Rad"), "--decimal", decimal) == ""
    assert prices(nobody)["Rad"] == price


def test_a_query_says_how_a_price_list_is_written(by_http, nobody):
    content = "Ware^Größe^Preis^x\nMilch^1 l^1,00005^9\n".replace("^", "|").encode()
    query = {
        "delimiter": "|",
        "decimal": ",",
        "round": "true",
        "columns": ["name:ware", "name:Größe", "price:Preis"],
    }
    assert by_http(content, **query) == ""
    assert prices(nobody) == {"Milch 1 l": 1.0001}
    assert by_http(content.replace(b"|", b"\t"), **{**query, "delimiter": "\\t"}) == ""


def test_a_name_of_several_columns_has_no_space_for_one_that_is_empty(by_http, nobody):
    content = b"ware,size,price\nMilk,,1.35\n,XL,2\nTea, ,3\nMilk,1 l,4\n"
    assert by_http(content, columns=["name:ware", "name:size", "price:price"]) == ""
    assert prices(nobody) == {"Milk": 1.35, "XL": 2, "Tea": 3, "Milk 1 l": 4}


@pytest.mark.parametrize(
    "query",
    [
        "decimal=",
        "decimal=x",
        "decimal=.&decimal=,",
        "delimiter=",
        "delimiter=x",
        "delimiter=;;",
        "columns=",
        "columns=name",
        "columns=name:",
        "columns=:x",
        "columns=color:x",
        "columns=price:a&columns=price:b",
        "columns=name:%00",
        "columns=" + "&columns=".join(["name:x"] * 21),
        "columns=name:" + "x" * 300,
        "round=",
        "round=perhaps",
        "currency=EUR",
    ],
)
def test_a_query_of_nonsense_is_refused(backend, admin, query):
    answer = post(admin, f"{IMPORT}?{query}", b"name,price\na,1\n")
    assert answer.status_code == 422, answer.json
    assert list(answer.json["errors"]) == [query.partition("=")[0]]
    assert backend.count(ItemPrice) == 0


def test_a_query_about_columns_holds_for_csv_alone(admin):
    sent = {"json": {"prices": [{"name": "a", "price": "1,5"}]}}
    assert admin.post(f"{IMPORT}?decimal=,", **sent).status_code == 422
    sent["json"]["prices"][0]["price"] = 1.00005
    assert admin.post(f"{IMPORT}?round=true", **sent).json["new"] == 1
    assert prices(admin) == {"a": 1.0001}


def test_another_query_under_the_same_key_is_another_request(admin):
    key = {"Idempotency-Key": "k"}
    first = post(admin, f"{IMPORT}?decimal=,", AMBIGUOUS, headers=key)
    again = post(admin, f"{IMPORT}?decimal=%2C", AMBIGUOUS, headers=key)
    assert (first.status_code, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert post(admin, f"{IMPORT}?decimal=.", AMBIGUOUS, headers=key).status_code == 422


TASKS = "name;quantity;completed;paid_price;paid_currency\r\nRad;1,5;true;1.299,00;EUR\r\n"


def test_tasks_have_decimal_commas_too(alice):
    answer = post(alice, f"{alice.path}/import", TASKS.encode())
    assert answer.json == {"imported": 1, "skipped": []}
    (task,) = alice.get(alice.tasks).json["tasks"]
    assert (task["quantity"], task["paid"]) == (1.5, {"amount": 1948.5, "currency": "EUR"})


def test_a_quantity_that_may_be_thousands_is_refused_unless_the_file_is_an_export(backend, alice):
    path = f"{alice.path}/import"
    answer = post(alice, path, b"name,quantity\nNails,1.299\n")
    assert answer.json["errors"] == {
        "line 2": ["May be 1.299 or 1299: `1.299`. Set `decimal` to `.` or `,`."]
    }
    assert backend.count(Task) == 0
    alice.task(name="Flour", quantity="1.299")
    exported = alice.get(f"{alice.path}/export?format=csv").data
    assert post(alice, path, exported).json == {"imported": 1, "skipped": []}
    assert [task["quantity"] for task in alice.get(alice.tasks).json["tasks"]] == [1.299] * 2


def test_an_ambiguous_quantity_is_refused_and_cured(backend, alice):
    content = TASKS.replace("1,5", "1,299").encode()
    answer = post(alice, f"{alice.path}/import", content)
    assert answer.json["errors"] == {
        "line 2": ["quantity: May be 1299 or 1.299: `1,299`. Set `decimal` to `.` or `,`."]
    }
    assert backend.count(Task) == 0
    query = {"decimal": ",", "delimiter": ";"}
    assert post(alice, f"{alice.path}/import", content, query_string=query).status_code == 200
    (task,) = alice.get(alice.tasks).json["tasks"]
    assert task["quantity"] == 1.299
    for query in ({"columns": "name:x"}, {"decimal": "x"}, {"round": "true"}):
        answer = post(alice, f"{alice.path}/import", content, query_string=query)
        assert list(answer.json["errors"]) == list(query)
