"""How the outside systems of payment are called: over the kit's session, within a time limit."""

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from yarl import URL

LOST = (aiohttp.ClientError, OSError)  # What ``send`` raises; a time-out is an OSError.


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, read to its end; headers are found in any case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True, slots=True)
class Outside:
    """One outside system: where it is, and how many seconds it may take."""

    http: aiohttp.ClientSession
    base_url: str
    seconds_max: float

    async def send(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes = b""
    ) -> Answer:
        """One try, no redirect followed. Raises one of ``LOST`` where nothing is known.

        The path goes out byte for byte as it was signed, not as the library would quote it.
        """
        url = URL(self.base_url.rstrip("/") + path, encoded=True)
        limit = aiohttp.ClientTimeout(total=self.seconds_max)
        async with self.http.request(
            method, url, data=content, headers=headers, timeout=limit, allow_redirects=False
        ) as answer:
            return Answer(answer.status, answer.headers, await answer.read())
