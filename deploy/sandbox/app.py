"""All wiring: one process that plays the outside world."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Response
from starlette.types import ASGIApp

from deploy.sandbox import (
    bank,
    clock,
    faults,
    object_store,
    observatory,
    sms,
    wechat_acts,
    wechat_login,
    wechat_pay,
)
from deploy.sandbox.keys import Keys
from deploy.sandbox.notify import Notifier
from deploy.sandbox.store import Store
from deploy.sandbox.wechat_wire import Desk


class Sandbox:
    """The parts that share one home: books, clock, switches, keys and routes."""

    def __init__(self, home: Path) -> None:
        self.keys = Keys(home)
        self.store = Store(home)
        self.clock = clock.Clock(self.store)
        self.faults = faults.Faults(self.store)
        desk = Desk(self.store, self.clock, self.keys)
        self.notifier = Notifier(self.store, self.clock, self.faults, desk)
        self.routes = FastAPI(
            title="Sandbox of the outside world",
            docs_url=None,
            redoc_url=None,
            lifespan=self._life,
        )
        self._include(desk)
        self.app: ASGIApp = faults.FaultGate(self.routes, self.faults)

    def _include(self, desk: Desk) -> None:
        """Every router; the object store last, since it also listens on its bucket's name."""
        store, world_clock, keys = self.store, self.clock, self.keys
        include = self.routes.include_router
        include(clock.router(world_clock))
        include(faults.router(self.faults))
        include(wechat_login.router(store, world_clock, keys))
        include(sms.router(store, world_clock, keys))
        include(wechat_pay.router(desk, self.notifier))
        include(wechat_acts.router(desk, self.notifier))
        include(bank.router(bank.BankDesk(store, world_clock, keys), store))
        include(observatory.router(store, world_clock))
        include(object_store.router(object_store.ObjectDesk(store, world_clock, keys)))
        self._add_health()

    def _add_health(self) -> None:
        @self.routes.get("/livez")
        async def livez() -> Response:
            """The process answers."""
            return Response(content="alive")

        @self.routes.get("/readyz")
        async def readyz() -> Response:
            """The books can be read."""
            await self.store.run(lambda db: db.execute("SELECT 1").fetchone())
            return Response(content="ready")

    @asynccontextmanager
    async def _life(self, app: FastAPI) -> AsyncIterator[None]:
        """Deliver notices while the process runs; close the books at its end."""
        await self.notifier.start()
        try:
            yield
        finally:
            await self.clock.close()
            await self.notifier.stop()
            self.store.close()
