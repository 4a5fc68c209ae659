"""todo_api: a to-do and shopping-list backend.

The house has floors, and imports go down only:

    app, urls, cli    ROOF     what is put together, and started
    resources/        FLOOR 4  what is said: HTTP
    schemas/          FLOOR 3  how it looks on the wire
    services/         FLOOR 2  what may happen and what follows
    models/           FLOOR 1  what is stored
    database          GROUND   engine, session, the one commit
    settings          GROUND   the one reader of the environment
    errors, values/   GROUND   the words for failure; names, money and moments
    client/           APART    for programs in Python that use a server; it imports none of this

`urls.py` shows the whole API in one table. To follow one request, read `resources/endpoint.py`.
This module imports nothing, so that whatever needs a part of the package loads that part only.
"""

__version__ = "1.0.0"
