"""Whether the server is alive, and whether it is ready to serve."""

from sqlalchemy import text

from todo_api.errors import Unavailable
from todo_api.resources.auth import PUBLIC
from todo_api.resources.endpoint import Endpoint
from todo_api.resources.stored import StoredEndpoint
from todo_api.schemas.health import HealthSchema

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
    """Whether the database is within reach and has the schema that this program needs."""

    strict = True
    access = {"get": PUBLIC}
    gives = {"get": HealthSchema()}

    def get(self) -> dict[str, str]:
        """Ask whether the server is ready."""
        stored = self.session.scalar(text("SELECT version_num FROM alembic_version"))
        if stored != self.backend.schema:
            raise Unavailable("The database has another schema.", retry_after=1)
        return OK
