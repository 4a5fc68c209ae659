"""Lines of work."""

from todo_api.lines import Lines


def drawn(lines, name):
    return list(iter(lambda: lines.next(name), None))


def test_a_line_is_for_one_worker_at_a_time():
    lines = Lines()
    lines.put("a", 1)
    assert lines.has_free
    assert lines.take() == "a"
    lines.put("a", 2)
    assert not lines.has_free
    assert lines.take() is None
    assert drawn(lines, "a") == [1, 2]
    lines.leave("a")
    assert not lines.has_free
    lines.put("a", 3)
    assert lines.take() == "a"


def test_what_is_left_in_a_line_is_for_the_next_worker_who_begins_with_the_others():
    lines = Lines()
    for name, item in [("a", 1), ("a", 2), ("b", 3), ("", 4)]:
        lines.put(name, item)
    assert (lines.take(), lines.next("a")) == ("a", 1)
    lines.leave("a")
    assert [lines.take() for _ in range(4)] == ["b", "", "a", None]
    assert [drawn(lines, name) for name in ("a", "b", "")] == [[2], [3], [4]]


def test_all_that_waits_is_counted():
    lines = Lines()
    for name in "aab":
        lines.put(name, name)
    assert lines.length == 3
    lines.next(lines.take())
    assert lines.length == 2
    assert drawn(lines, lines.take()) == ["b"]
    assert lines.length == 1
