"""Alembic's environment: it works on the connection it is handed, in that one's transaction."""

from alembic import context

from todo_api.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
