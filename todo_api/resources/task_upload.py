"""An uploaded file of tasks, of this server or another program: read, whatever its format."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from todo_api.errors import Invalid
from todo_api.resources import json_text
from todo_api.resources.upload import CALENDAR, CSV, Upload
from todo_api.schemas import task_calendar, task_csv, task_elsewhere, task_file
from todo_api.schemas.skipped import Skipped
from todo_api.services.exchange import Row

MOST_VALUES = 20 * task_file.MOST_TASKS
"""Values that a file in JSON may hold; a task has 17 at most."""


@dataclass(frozen=True)
class ReadTasks:
    """The tasks that a file holds, and a list of what was skipped or changed."""

    rows: list[Row]
    skipped: Skipped = field(default_factory=Skipped)


def read_tasks(file: Upload, zone: ZoneInfo, options: Mapping[str, Any]) -> ReadTasks:
    """Read a file of tasks.

    `zone` is that of the account, `options` are the values of a TaskFileQuery. Raises Malformed for
    a file that is not of its media type, and Invalid for tasks that are wrong, with their places in
    `errors`.
    """
    if not file.content.strip():
        raise Invalid("The file is empty.")
    if file.media == CALENDAR:
        return ReadTasks(*task_calendar.load(file.content, zone))
    if file.media == CSV:
        delimiter, order = options["delimiter"], options["date_order"]
        if foreign := task_elsewhere.in_csv(file.content, zone, delimiter=delimiter, order=order):
            return ReadTasks(*foreign)
        records = task_csv.load(file.content, delimiter, options["decimal"], order)
        return ReadTasks(task_file.rows(records, zone))
    sent = json_text.parse(file.content, most=MOST_VALUES)
    if foreign := task_elsewhere.in_json(sent, zone):
        return ReadTasks(*foreign)
    return ReadTasks(task_file.rows(task_file.in_json(sent), zone))
