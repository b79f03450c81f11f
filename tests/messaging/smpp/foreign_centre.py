"""An SMS centre that is not ours: smpp34 keeps what is submitted and answers as it is told."""

from __future__ import annotations

import asyncio
from typing import Any

import smpp34


class ForeignCentre:
    """Listens as long as the context lasts."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.server = smpp34.Server("127.0.0.1", port)
        self.submitted: list[Any] = []
        self.esme: Any = None
        self.throttle = 0
        "Submissions that are still to be throttled."
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> ForeignCentre:
        await self.server.start()
        self._task = asyncio.create_task(self._serve())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.server.stop()

    async def _serve(self) -> None:
        while True:
            event = await self.server.next()
            if isinstance(event, smpp34.Esme):
                self.esme = event
            elif isinstance(event, smpp34.SubmitSmEvent):
                if self.throttle:
                    self.throttle -= 1
                    event.reject(smpp34.ESME_RTHROTTLED)
                    continue
                self.submitted.append(event)
                event.accept(f"net-{len(self.submitted)}")
            self._news.set()

    async def until(self, count: int, seconds: float = 30.0) -> list[Any]:
        """Wait until so many messages have been submitted."""
        async with asyncio.timeout(seconds):
            while len(self.submitted) < count:
                self._news.clear()
                await self._news.wait()
        return self.submitted

    async def deliver(
        self,
        text: bytes,
        *,
        destination: str = "3670",
        source: str = "361",
        esm_class: int = 0,
        data_coding: int = 0,
    ) -> Any:
        """Deliver a message or a receipt; the answer."""
        return await self.esme.deliver_sm(
            destination,
            text,
            source_addr=source,
            source_addr_ton=0,
            dest_addr_ton=0,
            esm_class=esm_class,
            data_coding=data_coding,
        )
