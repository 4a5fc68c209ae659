"""Whether the server is alive, and whether it is ready to serve."""

from todo_api.errors import ReadOnly
from todo_api.resources.auth import PUBLIC
from todo_api.resources.endpoint import Endpoint
from todo_api.resources.stored import StoredEndpoint
from todo_api.resources.work import Work
from todo_api.schemas.health import HealthSchema
from todo_api.sessions import place_of

OK = {"status": "ok"}


class Health(Endpoint):
    """Whether the process answers at all; no database is asked."""

    strict = True
    access = {"get": PUBLIC}
    gives = {"get": HealthSchema()}

    def get(self) -> dict[str, str]:
        """Ask whether the server is alive."""
        return OK


class Ready(StoredEndpoint):
    """Whether the database is within reach, has the right schema and can be written."""

    strict = True
    access = {"get": PUBLIC}
    gives = {"get": HealthSchema()}
    work = {"get": Work.PROBE}

    def get(self) -> dict[str, str]:
        """Ask whether the server is ready."""
        self.database.guard.look(place_of(self.session))
        if self.database.is_read_only(self.session):
            raise ReadOnly(retry_after=1)
        return OK
