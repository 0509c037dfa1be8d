"""The Hong Kong Observatory's open data: warnings in force, their texts, and rain by district."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from deploy.sandbox.clock import Clock
from deploy.sandbox.faults import told
from deploy.sandbox.store import Store, fact, remember
from deploy.sandbox.weather_names import DISTRICTS, STATEMENTS, TYPES

HONG_KONG = timezone(timedelta(hours=8))
LANGUAGES = ("en", "tc", "sc")
WITHOUT_SUMMARY = "WTCPRE8"
Statement = Literal[
    "WFIRE", "WFROST", "WHOT", "WCOLD", "WMSGNL", "WRAIN", "WFNTSA", "WL", "WTCSGNL", "WTMW",
    "WTS", "WTCPRE8",
]  # fmt: skip
Sign = Literal[
    "TC1", "TC3", "TC8NE", "TC8SE", "TC8SW", "TC8NW", "TC9", "TC10", "WRAINA", "WRAINR", "WRAINB",
    "WFIREY", "WFIRER", "CANCEL",
]  # fmt: skip
District = Annotated[str, Field(max_length=40)]


class Warning(BaseModel):
    """One warning: its statement, its signal where it has several, and what was last done."""

    model_config = ConfigDict(extra="forbid")
    statement_code: Statement
    code: Sign | None = None
    action_code: Literal["ISSUE", "REISSUE", "CANCEL", "EXTEND", "UPDATE"] = "ISSUE"
    expire_time: datetime | None = None


class Weather(BaseModel):
    """All that is in force; what is not named is not."""

    model_config = ConfigDict(extra="forbid")
    warnings: list[Warning] = Field(default=[], max_length=20)
    rainfall_mm: dict[District, Annotated[int, Field(ge=0, le=500)]] = {}


def router(store: Store, clock: Clock) -> APIRouter:
    """The feed, and the door through which tests make weather."""
    routes = APIRouter()

    @routes.get("/weatherAPI/opendata/weather.php")
    async def feed(request: Request) -> Response:
        """One data set in one language."""
        query = request.query_params
        language, now = query.get("lang", "en"), clock.now()
        shape = SHAPES.get(query.get("dataType", ""))
        if shape is None or language not in LANGUAGES:
            return Response("Please include valid parameters in API request.", 400)
        weather = await store.run(current)
        return told(shape(weather, language, now), 200)

    @routes.put("/__sandbox/observatory/warnings")
    async def put(weather: Weather) -> Any:
        """Make weather: these warnings and this rain, and none else."""
        unknown = set(weather.rainfall_mm) - set(DISTRICTS["en"])
        if unknown:
            known = {"places": DISTRICTS["en"]}
            return told({"code": "unknown_place", "unknown": sorted(unknown)} | known, 422)
        at = clock.now()
        made = weather.model_dump(mode="json") | {"at": at}
        await store.run(lambda db: remember(db, "weather", json.dumps(made)))
        return made

    return routes


def current(db: sqlite3.Connection) -> dict[str, Any]:
    """The weather last made."""
    quiet = '{"warnings": [], "rainfall_mm": {}, "at": 0}'
    made: dict[str, Any] = json.loads(fact(db, "weather", quiet))
    return made


def warnsum(weather: dict[str, Any], language: str, now: float) -> dict[str, Any]:
    """Warnings by statement code; `{}` when there are none. The pre-No. 8 notice never is here."""
    at, summary = hk_time(weather["at"]), {}
    for warning in weather["warnings"]:
        statement, code = warning["statement_code"], warning["code"]
        if statement == WITHOUT_SUMMARY:
            continue
        summary[statement] = {
            "name": STATEMENTS[statement][language],
            "code": code or statement,
            "actionCode": warning["action_code"],
            "issueTime": at,
            "updateTime": at,
        }
        if code in TYPES:
            summary[statement]["type"] = TYPES[code][language]
        if warning["expire_time"]:
            expires = datetime.fromisoformat(warning["expire_time"])
            summary[statement]["expireTime"] = hk_time(expires.timestamp())
    return summary


def warning_info(weather: dict[str, Any], language: str, now: float) -> dict[str, Any]:
    """The texts of the warnings; `{}` when there are none."""
    at, details = hk_time(weather["at"]), []
    for warning in weather["warnings"]:
        statement, code = warning["statement_code"], warning["code"]
        named = TYPES.get(code, STATEMENTS[statement])[language]
        detail: dict[str, Any] = {
            "contents": [f"{named} ({warning['action_code']})"],
            "warningStatementCode": statement,
            "updateTime": at,
        }
        if code:
            detail["subtype"] = code
        details.append(detail)
    return {"details": details} if details else {}


def report(weather: dict[str, Any], language: str, now: float) -> dict[str, Any]:
    """The current weather report: rain of the last hour in each of the eighteen districts."""
    hour = int(now) // 3600 * 3600
    rain = weather["rainfall_mm"]
    return {
        "rainfall": {
            "data": [
                {"unit": "mm", "place": place, "max": rain.get(english, 0), "main": "FALSE"}
                for place, english in zip(DISTRICTS[language], DISTRICTS["en"], strict=True)
            ],
            "startTime": hk_time(hour - 3600),
            "endTime": hk_time(hour),
        },
        "icon": [63 if rain else 50],
        "iconUpdateTime": hk_time(hour),
        "uvindex": "",
        "updateTime": hk_time(hour + 120),
        "temperature": {
            "data": [{"place": "King's Park", "value": 25, "unit": "C"}],
            "recordTime": hk_time(hour),
        },
        "warningMessage": [
            detail["contents"][0]
            for detail in warning_info(weather, language, now).get("details", [])
        ] or "",
        "humidity": {
            "recordTime": hk_time(hour),
            "data": [{"unit": "percent", "value": 80, "place": "Hong Kong Observatory"}],
        },
    }  # fmt: skip


SHAPES = {"warnsum": warnsum, "warningInfo": warning_info, "rhrread": report}


def hk_time(instant: float) -> str:
    """An instant as the Observatory writes it."""
    return datetime.fromtimestamp(int(instant), UTC).astimezone(HONG_KONG).isoformat()
