"""Databases of the user's own, told by variables, in place of those the launcher would make."""

import re
from collections.abc import Mapping

from deploy.local.children import StartFailed
from deploy.local.secrets import SERVICES

_SCHEME = re.compile(r"^postgres(ql)?://")
_ROLE = re.compile(r"^postgresql\+asyncpg://([^:/@?]+)[:@]")


def own_databases(users: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Each service that has one: its address for the serving role ("app") and for its "owner".

    Raises StartFailed where one of the two is missing, or is no address we can use.
    """
    return {service: own for service in SERVICES if (own := _of(service, users))}


def _of(service: str, users: Mapping[str, str]) -> dict[str, str]:
    names = {"app": f"DATABASE_URL_{service.upper()}"}
    names["owner"] = f"OWNER_{names['app']}"
    given = {part: users[name] for part, name in names.items() if users.get(name)}
    if not given:
        return {}
    for part, name in names.items():
        if part not in given:
            (other,) = (names[part] for part in given)
            raise StartFailed(
                f"{other} is set and {name} is not: {service} needs both, the role that serves "
                f"({service}_app) and the role that owns the tables."
            )
    urls = {part: _SCHEME.sub("postgresql+asyncpg://", url) for part, url in given.items()}
    roles = {part: _role(names[part], url) for part, url in urls.items()}
    if roles["app"] != f"{service}_app":
        raise StartFailed(
            f"{names['app']} is for the role {roles['app']}: the migrations let {service}_app "
            "serve, and nobody else."
        )
    return urls


def _role(name: str, url: str) -> str:
    """Whom an address is for. Its words are not repeated: there is a password among them."""
    found = _ROLE.match(url)
    if found is None:
        raise StartFailed(f"{name} is not of the form postgresql://ROLE:PASSWORD@HOST:PORT/NAME.")
    return found.group(1)
