import pytest


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("text%20text", "text text"),
        ("a%2Fb", "a/b"),
        ("%2Ffirst", "/first"),
        ("100%25", "100%"),
        ("a+b", "a+b"),
        ("line%0Aline", "line\nline"),
        ("%F0%9F%90%A7", "\N{PENGUIN}"),
        ("slash/", "slash/"),
        ("..", ".."),
        ("%2525", "%25"),
    ],
)
def test_a_text_comes_back_twice_as_it_was(nobody, path, text):
    answer = nobody.get(f"/echo/{path}")
    assert (answer.status_code, answer.json) == (200, {"echo": f"{text} {text}"})


def test_a_field_of_a_multipart_form_may_have_an_empty_name(nobody):
    body = b'--b\r\nContent-Disposition: form-data; name=""\r\n\r\nx\r\n--b--\r\n'
    sent = {"data": body, "content_type": "multipart/form-data; boundary=b"}
    assert nobody.post("/echo", **sent).json["form"] == {"": "x"}


def test_a_nul_is_no_text(nobody):
    assert nobody.get("/echo/a%00b").status_code == 422


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/echo", "/echo/"])
def test_a_request_comes_back_as_the_server_saw_it(nobody, method, path):
    answer = nobody(
        method, f"{path}?a=1&a=2&b=%C3%A9", json={"x": [1.5, None]}, headers={"X-Test": "yes"}
    )
    assert answer.status_code == 200
    assert answer.json["method"] == method
    assert answer.json["args"] == {"a": ["1", "2"], "b": "é"}
    assert answer.json["headers"]["X-Test"] == "yes"
    assert answer.json["form"] == {}
    assert answer.json["json"] == {"x": [1.5, None]}


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_a_form_comes_back_as_form(nobody, content_type):
    answer = nobody.post("/echo", data={"a": ["1", "2"], "b": "é"}, content_type=content_type)
    assert answer.json["form"] == {"a": ["1", "2"], "b": "é"}
    assert answer.json["json"] is None


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_media_type_without_a_body_is_no_body(nobody, method):
    answer = nobody(method, "/echo", content_type="application/json")
    assert (answer.status_code, answer.json["json"]) == (200, None)
    assert nobody.post("/echo", content_type="application/json").status_code == 400


def test_credentials_do_not_come_back(nobody):
    secrets = {
        "Authorization": "Bearer canary",
        "Cookie": "session=canary",
        "Proxy-Authorization": "Basic canary",
    }
    answer = nobody.get("/echo", headers=secrets)
    assert "canary" not in answer.text
    assert "Host" in answer.json["headers"]


@pytest.mark.parametrize("number", ["1.50", "123456789012345678901234567890", "1e400", "-0.0001"])
def test_a_json_number_comes_back_digit_by_digit(nobody, number):
    answer = nobody.post("/echo", data=f'{{"n": {number}}}', content_type="application/json")
    assert f'"n":{number.replace("e400", "E+400")}' in answer.text


def test_any_json_value_may_be_echoed(nobody):
    for text in ("1", '"a"', "null", "[]", "true"):
        answer = nobody.post("/echo", data=text, content_type="application/json")
        assert answer.status_code == 200
        assert f'"json":{text}}}' in answer.text
