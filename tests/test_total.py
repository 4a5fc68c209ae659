"""What a shopping list costs."""

import pytest

from todo_api.services.totals import UNPRICED_SHOWN


def total(client, query=""):
    answer = client.get(f"{client.tasks}/total{query}")
    assert answer.status_code == 200, answer.json
    return answer.json


def test_an_empty_list_costs_nothing(alice):
    assert total(alice) == {"totals": [], "priced": 0, "unpriced": []}


def test_the_price_list_resolves_items_whatever_their_form(backend, alice):
    backend.price("Apples", 13_500)
    backend.price("食塩", 10_000_000, "JPY")
    backend.price("half", 10_005)
    alice.task(name="fruit", item=" apples", quantity=2)
    alice.task(name="more fruit", item="APPLES", quantity=0.5)
    alice.task(name="salt", item="食塩", quantity=3)
    alice.task(name="unknown", item="pears")
    alice.task(name="no item")
    answer = alice.get(f"{alice.tasks}/total")
    assert answer.json["priced"] == 3
    assert (
        '"totals":[{"amount":3.38,"currency":"EUR"},{"amount":3000,"currency":"JPY"}]'
        in answer.text
    )
    unpriced = [(task["name"], task["item"]) for task in answer.json["unpriced"]]
    assert unpriced == [("unknown", "pears")]
    assert list(answer.json["unpriced"][0]) == ["id", "name", "item", "etag"]


def test_a_sum_is_rounded_once_at_its_end(backend, alice):
    backend.price("a", 33)
    backend.price("b", 49)
    for item in ("a", "a", "a", "b"):
        alice.task(item=item)
    assert total(alice)["totals"] == [{"amount": 0.01, "currency": "EUR"}]
    alice.task(item="a")
    alice.task(item="a", quantity=0.0001)
    assert total(alice)["totals"] == [{"amount": 0.02, "currency": "EUR"}]


def test_the_largest_sum_is_exact(backend, alice):
    backend.price("dear", 999_999_999_999, "VND")
    for _ in range(3):
        alice.task(item="dear", quantity=10_000)
    answer = alice.get(f"{alice.tasks}/total")
    assert '"amount":2999999999997,' in answer.text


def test_what_was_spent_stays_true_when_prices_change(backend, alice, admin):
    backend.price("apples", 13_500)
    bought = alice.task(item="apples", quantity=2).headers["Location"]
    alice.patch(bought, json={"completed": True})
    alice.task(item="apples")
    alice.task(name="free", item="air", completed=True)
    alice.task(name="a walk", completed=True)
    admin.put("/api/v1/prices/apples", json={"price": 100, "currency": "CHF"})
    assert total(alice)["totals"] == [{"amount": 100, "currency": "CHF"}]
    spent = total(alice, "?completed=true")
    assert spent["totals"] == [{"amount": 2.7, "currency": "EUR"}]
    assert [task["name"] for task in spent["unpriced"]] == ["free"]
    alice.patch(bought, json={"completed": False})
    assert total(alice)["totals"] == [{"amount": 300, "currency": "CHF"}]


def test_what_was_paid_counts_although_its_task_has_no_item_any_more(backend, alice):
    backend.price("apples", 10_000)
    path = alice.task(item="apples", completed=True).headers["Location"]
    alice.patch(path, json={"item": None})
    assert total(alice, "?completed=true")["priced"] == 1


def test_a_total_takes_the_filters_of_the_list(backend, alice):
    backend.price("a", 10_000)
    alice.task(name="x", item="a", due_date="2020-01-01")
    alice.task(name="y", item="a")
    assert total(alice, "?q=x")["priced"] == 1
    assert total(alice, "?overdue=true")["priced"] == 1
    assert total(alice, "?due_before=2021-01-01")["priced"] == 1
    for query in ("limit=1", "sort=id", "after=x", "total=true", "completed=x"):
        assert alice.get(f"{alice.tasks}/total?{query}").status_code == 422


def test_the_etag_changes_with_the_tasks_and_with_the_prices(backend, alice):
    def etag():
        return alice.get(f"{alice.tasks}/total").headers["ETag"]

    seen = [etag()]
    alice.task(item="a")
    seen.append(etag())
    backend.price("a", 10_000)
    seen.append(etag())
    assert len(set(seen)) == 3
    known = {"If-None-Match": seen[-1]}
    assert alice.get(f"{alice.tasks}/total", headers=known).status_code == 304
    assert "ETag" not in alice.get(f"{alice.tasks}/total?overdue=true").headers


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_total_is_no_task(alice, method):
    assert alice(method, f"{alice.tasks}/total", json={}).status_code == 405


def test_a_total_names_so_many_tasks_without_a_price_at_most(backend, alice):
    tasks = [{"name": str(number), "item": "unknown"} for number in range(UNPRICED_SHOWN + 5)]
    assert alice.post(f"{alice.path}/import", json={"tasks": tasks}).status_code == 200
    named = total(alice)["unpriced"]
    assert [task["name"] for task in named] == [str(number) for number in range(UNPRICED_SHOWN)]
