"""Exchange: all tasks of an account, out as a file and in again."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response

from todo_api.models import HeldAccount, Owner
from todo_api.resources import compression, json_text
from todo_api.resources.auth import OWNER
from todo_api.resources.body import JSON
from todo_api.resources.endpoint import Version
from todo_api.resources.of_account import AccountEndpoint
from todo_api.resources.of_file import FileEndpoint
from todo_api.resources.task_upload import ReadTasks, read_tasks
from todo_api.resources.upload import CALENDAR, CSV
from todo_api.resources.work import Work
from todo_api.schemas import task_csv, task_file, task_ics
from todo_api.schemas.query import TaskFileQuery
from todo_api.schemas.task_file import Exported, ExportQuery, Imported, Record, TaskFile
from todo_api.services import exchange

MEDIA = {"json": JSON, "csv": CSV, "ics": CALENDAR}

_IN_MEMORY = 2**20
_AT_ONCE = 2**16


class _Exchange(AccountEndpoint):
    """A resource whose version is that of the account with all in it."""

    strict = True

    def version(self, *objects: Any) -> Version:
        """Return the version of the account with all in it."""
        account: Owner = objects[0]
        return account.list_version


class Export(_Exchange):
    """All tasks of one account as a file, which an import takes without loss."""

    access = {"get": OWNER}
    reads_long = True
    compresses = True
    asks = {"get": ExportQuery()}
    work = {"get": Work.EXPORT}
    media = {"get": tuple(MEDIA.values())}
    gives = {"get": Exported()}

    def get(self, account: Owner, query: dict[str, Any]) -> Response:
        """Export the tasks, as JSON, CSV or iCalendar."""
        # It is written whole before a byte goes out: a client may read slowly, and no connection to
        # the database waits for that.
        media = MEDIA[query["format"]]
        pieces = self._written(account, query)
        coding = self._coding()
        with ExitStack() as closing:
            file = closing.enter_context(SpooledTemporaryFile(_IN_MEMORY))
            for piece in compression.compressed(pieces) if coding else pieces:
                file.write(piece)  # Piece by piece; writelines would keep all of it in memory.
            size = file.tell()
            file.seek(0)
            response = Response(
                content_type=media if media == JSON else f"{media}; charset=utf-8",
                headers={"Content-Disposition": f'attachment; filename="tasks.{query["format"]}"'},
            )
            if coding:
                response.headers["Content-Encoding"] = coding
            if size <= _IN_MEMORY:
                response.data = file.read()
            else:
                response.response = iter(partial(file.read, _AT_ONCE), b"")
                response.content_length = size
                response.call_on_close(closing.pop_all().close)
        return response

    def _coding(self) -> str | None:
        """Return the coding in which the file is written, None for the plain one."""
        is_compressed = self.settings.compress_answers == "on"
        return compression.chosen(self.request.environ) if is_compressed else None

    def _written(self, account: Owner, query: dict[str, Any]) -> Iterator[bytes]:
        options = {**query}
        wanted = options.pop("format")
        tasks = exchange.export(self.session, account)
        if wanted == "ics":
            uid = f"{account.era}.{{}}@todo-api"
            return task_ics.dump((uid.format(task.id), task_file.dumped(task)) for task in tasks)
        records = map(task_file.dumped, tasks)
        return task_csv.dump(records, **options) if wanted == "csv" else _json(records)


class Import(FileEndpoint, _Exchange):
    """New tasks from a file: an export, a list as it was answered, or another program's file.

    In JSON and CSV of this server each task has to be right, or nothing is imported. Of a calendar,
    and of what Todoist, TickTick, Outlook or Google Tasks have exported, is taken what can be part
    of a task here, and the rest is told.
    """

    access = {"post": OWNER}
    asks = {"post": TaskFileQuery()}
    takes = {"post": TaskFile()}
    files = {CSV: task_csv.EXAMPLE, CALENDAR: task_ics.EXAMPLE}
    gives = {"post": Imported()}

    def prepare(self, values: dict[str, Any]) -> ReadTasks:
        """Read the file."""
        return read_tasks(values.pop("file"), ZoneInfo(self.account.timezone), values["query"])

    def post(self, account: HeldAccount, read: ReadTasks) -> dict[str, Any]:
        """Import tasks, which get new ids; an error names what is wrong by line or index."""
        exchange.store(self.session, account, read.rows, dry=self.dry)
        return {"imported": len(read.rows), "skipped": read.skipped.told}


def _json(records: Iterable[Record]) -> Iterator[bytes]:
    """Yield the JSON of a TaskFile."""
    yield b'{"tasks":['
    for number, record in enumerate(records):
        yield (b"," if number else b"") + json_text.render(record)
    yield b"]}"
