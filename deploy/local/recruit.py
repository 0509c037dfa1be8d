"""Makes a person of the sandbox's WeChat a worker, as the platform makes anybody one."""

import asyncio
import re
import time
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.local.door import claims, log_in_by_wechat, post, put

CATALOGUE = Path(__file__).parents[1] / "demo" / "catalogue"
SHA_TIN = {"lat": 22.3830, "lng": 114.1900}
DAY_AND_NIGHT = [{"weekday": day, "starts": "00:00", "ends": "00:00"} for day in range(7)]
LEVEL_MAX = 5
RADIUS_M = 20_000
ROLE_WITHIN_SECONDS = 20


def hkid(name: str) -> str:
    """A valid Hong Kong identity number for a name: the same each time, no real person's.

    Two letters and six digits, so that hundreds of names share none.
    """
    of_name = zlib.crc32(name.encode())
    first, second = divmod(of_name // 1_000_000 % 26**2, 26)
    symbols = f"{chr(ord('A') + first)}{chr(ord('A') + second)}{of_name % 1_000_000:06d}"
    values = (int(symbol, 36) for symbol in symbols)
    total = sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True))
    return f"{symbols}({'0123456789A'[-total % 11]})"


def application_of(
    name: str,
    skills: Sequence[Mapping[str, object]],
    equipment: Sequence[str],
    base: Mapping[str, float],
) -> dict[str, Any]:
    """What the person of that name applies with: they would work within 20 km of their base."""
    return {
        "legal_name": f"CHAN {name.upper()}",
        "display_name": f"{name.title()} Chan",
        "id_document": {"kind": "hkid", "number": hkid(name)},
        "skills": skills,
        "equipment": equipment,
        "base": base,
        "radius_m": RADIUS_M,
    }


async def recruit(gateway: str, staff: str, name: str) -> str:
    """Apply for every skill of the demo catalogue, be approved by staff, on duty day and night.

    The access token of the new worker. Raises NoToken.
    """
    token = (await log_in_by_wechat(gateway, name))["access_token"]
    skills = [{"code": code, "level": LEVEL_MAX} for code in _named("skill")]
    equipment = _named("equipment")
    await post(gateway, "/workers", application_of(name, skills, equipment, SHA_TIN), token)
    granted = {"skills": skills, "equipment": equipment, "reason": "demo worker"}
    await post(gateway, f"/staff/worker/{claims(token)['sub']}/approve", granted, staff)
    token = await _with_role(gateway, name)
    await put(gateway, "/workers/me/schedule", {"shifts": DAY_AND_NIGHT}, token)
    return token


async def _with_role(gateway: str, name: str) -> str:
    """The role comes by an event; a token tells the roles of when it was made."""
    until = time.monotonic() + ROLE_WITHIN_SECONDS
    while True:
        token: str = (await log_in_by_wechat(gateway, name))["access_token"]
        if "worker" in roles_of(token) or time.monotonic() > until:
            return token
        await asyncio.sleep(0.2)


def roles_of(token: str) -> list[str]:
    """The roles that an access token tells."""
    return [str(role).lower() for role in claims(token).get("roles", [])]


def _named(field: str) -> list[str]:
    """Every value that a field has anywhere in the demo catalogue."""
    texts = [file.read_text() for file in sorted(CATALOGUE.glob("*.json"))]
    return sorted({found for text in texts for found in re.findall(rf'"{field}": "(\w+)"', text)})
