"""The Observatory's feed has the true shapes, traps included."""

from typing import Any

import httpx
import pytest


async def feed(http: httpx.AsyncClient, kind: str, language: str = "en") -> dict[str, Any]:
    """One data set."""
    query = {"dataType": kind, "lang": language}
    answer = await http.get("/weatherAPI/opendata/weather.php", params=query)
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


async def make(http: httpx.AsyncClient, weather: dict[str, Any]) -> httpx.Response:
    """Make weather."""
    return await http.put("/__sandbox/observatory/warnings", json=weather)


async def test_fine_weather_is_empty(http: httpx.AsyncClient) -> None:
    assert await feed(http, "warnsum") == {}
    assert await feed(http, "warningInfo") == {}
    report = await feed(http, "rhrread")
    assert len(report["rainfall"]["data"]) == 18
    assert report["warningMessage"] == ""


async def test_a_warning_shows_in_both_sets_and_three_languages(http: httpx.AsyncClient) -> None:
    storm = {"statement_code": "WTCSGNL", "code": "TC8SE"}
    thunder = {
        "statement_code": "WTS",
        "action_code": "EXTEND",
        "expire_time": "2026-09-07T21:20:00+08:00",
    }
    await make(http, {"warnings": [storm, thunder]})
    summary = await feed(http, "warnsum")
    assert summary["WTCSGNL"]["code"] == "TC8SE"
    assert summary["WTCSGNL"]["type"] == "No. 8 Southeast Gale or Storm Signal"
    assert (summary["WTS"]["code"], summary["WTS"]["actionCode"]) == ("WTS", "EXTEND")
    assert summary["WTS"]["expireTime"] == "2026-09-07T21:20:00+08:00"
    assert summary["WTCSGNL"]["issueTime"].endswith("+08:00")
    info = await feed(http, "warningInfo")
    assert [d["warningStatementCode"] for d in info["details"]] == ["WTCSGNL", "WTS"]
    assert info["details"][0]["subtype"] == "TC8SE"
    assert (await feed(http, "warnsum", "tc"))["WTS"]["name"] == "雷暴警告"


async def test_the_traps_are_there(http: httpx.AsyncClient) -> None:
    cancelled = {"statement_code": "WRAIN", "code": "WRAINR", "action_code": "CANCEL"}
    await make(http, {"warnings": [cancelled, {"statement_code": "WTCPRE8"}]})
    summary = await feed(http, "warnsum")
    assert set(summary) == {"WRAIN"}, "cancelled is still present, the pre-No. 8 notice is not"
    info = await feed(http, "warningInfo")
    assert {d["warningStatementCode"] for d in info["details"]} == {"WRAIN", "WTCPRE8"}


async def test_rain_falls_by_district(http: httpx.AsyncClient) -> None:
    await make(http, {"rainfall_mm": {"Sha Tin": 55}})
    data = (await feed(http, "rhrread", "tc"))["rainfall"]["data"]
    assert [row["place"] for row in data if row["max"] == 55] == ["沙田"]


@pytest.mark.parametrize("query", ["", "?dataType=nope", "?dataType=warnsum&lang=fr"])
async def test_wrong_queries_are_refused(http: httpx.AsyncClient, query: str) -> None:
    assert (await http.get(f"/weatherAPI/opendata/weather.php{query}")).status_code == 400


@pytest.mark.parametrize(
    "weather",
    [
        {"warnings": [{"statement_code": "WNOPE"}]},
        {"rainfall_mm": {"Atlantis": 1}},
        {"rainfall_mm": {"Sha Tin": -1}},
        {"wind": 1},
    ],
)
async def test_unknown_weather_is_refused(http: httpx.AsyncClient, weather: dict[str, Any]) -> None:
    assert (await make(http, weather)).status_code == 422
    assert await feed(http, "warnsum") == {}
