"""A state manager without HTTP: the whole state machine of protocol sheet §5 and §6 on SQLite or PostgreSQL.

Every method answers what the wire shows, as plain values, or raises `Refusal` with the status and text of the answer.
Methods may be called from many threads and many processes at once.
"""

from __future__ import annotations

import sqlalchemy as sa

from exospherehost.testing.manager.claims import Claims
from exospherehost.testing.manager.context import Context
from exospherehost.testing.manager.database import IN_MEMORY, Database, url_of
from exospherehost.testing.manager.graphs import Graphs
from exospherehost.testing.manager.housekeeping import Housekeeping
from exospherehost.testing.manager.launch import Launch
from exospherehost.testing.manager.nodes import Nodes
from exospherehost.testing.manager.progress import Progress
from exospherehost.testing.manager.refusal import Refusal
from exospherehost.testing.manager.reports import Reports
from exospherehost.testing.manager.runs import Runs
from exospherehost.testing.manager.schedule import Schedule
from exospherehost.testing.manager.settings import Behaviour, Settings
from exospherehost.testing.manager.tables import NODES, RUNS, STATES, TEMPLATES
from exospherehost.testing.manager.verification import Verification

__all__ = ["Behaviour", "Manager", "Refusal", "Settings", "url_of"]


class Manager:
    """Nodes, graphs, states and runs of one state manager.

    `url` is a SQLAlchemy URL; several managers, in as many processes, may share a file or a PostgreSQL database.
    A server calls `housekeeping.round()` about every second; `schedule.tick()` fires cron by hand.
    """

    def __init__(self, url: str = IN_MEMORY, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.database = Database(url)
        context = Context(self.database, self.settings)
        verification = Verification(context)
        self.nodes = Nodes(context)
        self.graphs = Graphs(context, verification)
        self.launch = Launch(context, self.graphs)
        self.claims = Claims(context)
        self._progress = Progress(context, self.graphs)
        self.reports = Reports(context, self.graphs, self._progress)
        self.runs = Runs(context)
        self.schedule = Schedule(context, self.launch.start)
        self.housekeeping = Housekeeping(context, self.schedule, verification, self._progress, self.claims)

    def overview(self) -> dict[str, int | dict[str, int]]:
        """How much there is: nodes, graphs, runs, and states by status."""
        with self.database.begin() as connection:
            totals = {
                table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for table in (NODES, TEMPLATES, RUNS)
            }
            by_status = sa.select(STATES.c.status, sa.func.count().label("states")).group_by(STATES.c.status)
            return {**totals, "states": {row.status: row.states for row in connection.execute(by_status)}}

    def reset(self) -> None:
        """Forget everything."""
        self.database.reset()

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()
