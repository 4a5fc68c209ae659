from databases import send_away
from sqlalchemy import text
from support import Backend

from todo_api.database import Database
from todo_api.settings import Settings


def test_a_server_that_is_well_says_so(nobody):
    for path in ("/health", "/ready"):
        answer = nobody.get(path)
        assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_a_database_with_another_schema_is_not_ready(backend, nobody):
    with backend.database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    answer = nobody.get("/ready")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert nobody.get("/health").status_code == 200


def test_a_database_out_of_reach_is_not_ready_and_health_does_not_mind(postgres_databases):
    backend = Backend(Settings(), Database(postgres_databases.migrated(), lock_timeout=1))
    send_away(backend.database)
    assert backend.nobody.get("/ready").status_code == 503
    assert backend.nobody.get("/users").status_code == 503
    assert backend.nobody.get("/health").status_code == 200
    backend.database.close()
