import pytest

INVALID = {"status": 400, "message": "Invalid number as addend"}


def test_two_numbers_of_the_query_are_added(nobody):
    answer = nobody.get("/sum?number1=13&number2=28")
    assert answer.status_code == 200
    assert answer.json == {"number1": 13.0, "number2": 28.0, "total_sum": 41.0}
    assert answer.text == '{"number1":13.0,"number2":28.0,"total_sum":41.0}'


def test_two_numbers_of_the_path_are_added(nobody):
    answer = nobody.get("/sum/42/117")
    assert answer.json == {"status": 200, "number1": 42.0, "number2": 117.0, "total_sum": 159.0}


@pytest.mark.parametrize("kind", ["json", "data"])
def test_two_numbers_of_a_body_are_added(nobody, kind):
    answer = nobody.post("/sum", **{kind: {"number1": 13, "number2": "28"}})
    assert answer.status_code == 200
    assert answer.json == {"number1": 13.0, "number2": 28.0, "total_sum": 41.0}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1.0),
        ("-1", -1.0),
        ("%2B1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("1E-3", 0.001),
        ("%207%20", 7.0),
        ("1e-999", 0.0),
    ],
)
def test_a_number_is_written_as_in_the_contract(nobody, text, number):
    assert nobody.get(f"/sum/{text}/0").json["number1"] == number
    assert nobody.get(f"/sum?number1={text}&number2=0").json["number1"] == number


@pytest.mark.parametrize(
    "text",
    [
        "4t23",
        "nan",
        "inf",
        "-Infinity",
        "1e999",
        "1_000",
        "%EF%BC%91",
        "0x10",
        "1,5",
        "1e",
        ".",
        "+",
        "%20",
        "--1",
        "1" * 400,
    ],
)
def test_what_is_no_number_is_an_invalid_addend(nobody, text):
    in_path = nobody.get(f"/sum/{text}/117")
    assert (in_path.status_code, in_path.json) == (400, INVALID)
    in_query = nobody.get(f"/sum?number1=117&number2={text}")
    assert (in_query.status_code, in_query.json) == (400, INVALID)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"number1": 1},
        {"number1": 1, "number2": None},
        {"number1": 1, "number2": True},
        {"number1": 1, "number2": [2]},
        {"number1": 1, "number2": 10**400},
        {"number1": 1e308, "number2": 1e308},
    ],
)
def test_a_body_without_two_numbers_is_an_invalid_addend(nobody, body):
    answer = nobody.post("/sum", json=body)
    assert (answer.status_code, answer.json) == (400, INVALID)


@pytest.mark.parametrize(
    "query", ["", "?number1=13", "?number2=28", "?number1=1e308&number2=1e308"]
)
def test_a_missing_number_and_an_overflow_are_an_invalid_addend(nobody, query):
    answer = nobody.get(f"/sum{query}")
    assert (answer.status_code, answer.json) == (400, INVALID)


def test_a_very_long_text_is_refused_in_no_time(nobody):
    answer = nobody.post("/sum", json={"number1": "1" * 900_000 + "x", "number2": 1})
    assert (answer.status_code, answer.json) == (400, INVALID)


def test_other_parameters_are_ignored_in_a_query_and_refused_in_a_body(nobody):
    assert nobody.get("/sum?number1=1&number2=2&x=3&x=4").status_code == 200
    assert nobody.post("/sum", json={"number1": 1, "number2": 2, "x": 3}).status_code == 422
