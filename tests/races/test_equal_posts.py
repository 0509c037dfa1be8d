"""Ten equal POSTs of each idempotent route at once: one effect and one answer."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from deploy.local.secrets import SERVICES
from shared.kit import web
from shared.kit.ids import new_id
from tests.conventions.test_routes import calls_of, methods_of
from tests.conventions.tree import routes
from tests.races.posts import EXAMPLES, Post
from tests.races.stands import Stands, counts, more_rows, stands
from tests.support.service import Running

EQUAL = 10
ROUTES = sorted(
    (service, route.path)
    for service in SERVICES
    for route in routes(service)
    if "POST" in methods_of(route) and web._once in calls_of(route.dependant)
)


@pytest.fixture(scope="module")
async def all_six() -> AsyncIterator[Stands]:
    async with stands("equal-posts") as opened:
        yield opened


def test_every_idempotent_route_has_its_example() -> None:
    assert len(ROUTES) >= 48
    assert set(EXAMPLES) == set(ROUTES)


@pytest.mark.parametrize("service", SERVICES)
async def test_each_service_says_which_of_its_posts_take_a_key(
    all_six: Stands, service: str
) -> None:
    """The list of this file is the one of the OpenAPI that callers read."""
    document = (await all_six.running(service)).app.openapi()
    said = {
        path
        for path, methods in document["paths"].items()
        for field in methods.get("post", {}).get("parameters", [])
        if (field["in"], field["name"].lower()) == ("header", "idempotency-key")
    }
    assert said == {path for name, path in ROUTES if name == service}


@pytest.mark.parametrize(("service", "route"), ROUTES, ids=lambda part: part)
async def test_ten_equal_posts_do_once_what_one_does(
    all_six: Stands, service: str, route: str
) -> None:
    run = await all_six.running(service)
    alone, crowd = [await EXAMPLES[service, route](all_six) for _ in range(2)]
    before = await counts(run)
    unnamed = await _send(run, alone, None)
    assert (unnamed.status_code, _code(unnamed)) == (400, "idempotency-key-missing")
    assert await counts(run) == before
    once = await _send(run, alone, new_id())
    of_one = more_rows(before, await counts(run))

    before, key = await counts(run), new_id()
    answers = await asyncio.gather(*(_send(run, crowd, key) for _ in range(EQUAL)))
    again = await _send(run, crowd, key)

    assert more_rows(before, await counts(run)) == of_one
    if crowd.is_built:
        assert once.is_success, once.text
        assert of_one["requests"] == 1
        _are_one_answer(answers, again)
        await _is_another_with_another_body(run, crowd, key)
    else:
        assert of_one == {}
        assert {_code(answer) for answer in [once, *answers, again]} == {"move-not-built"}
    assert more_rows(before, await counts(run)) == of_one


async def _send(run: Running, post: Post, key: UUID | None, body: Any = None) -> httpx.Response:
    headers = run.bearer(post.account, post.role)
    headers |= {"Idempotency-Key": str(key)} if key else {}
    body = post.body if body is None else body
    if post.photo:
        files = {"photo": ("photo.bin", post.photo)}
        return await run.http.post(post.path, data=body, files=files, headers=headers)
    return await run.http.post(post.path, json=body, headers=headers)


def _are_one_answer(answers: list[httpx.Response], again: httpx.Response) -> None:
    """One is the first, the others repeat it; who came too early is told to come again."""
    early = [answer for answer in answers if not answer.is_success]
    done = [answer for answer in answers if answer.is_success]
    assert {_code(answer) for answer in early} <= {"request-still-running"}
    assert {answer.headers["Retry-After"] for answer in early} <= {"1"}
    assert again.is_success, again.text
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len({(answer.status_code, answer.text) for answer in [*done, again]}) == 1
    assert len([one for one in done if "Idempotent-Replayed" not in one.headers]) == 1


async def _is_another_with_another_body(run: Running, post: Post, key: UUID) -> None:
    other = {"more": True} if post.other is None else post.other
    answer = await _send(run, post, key, other)
    assert (answer.status_code, _code(answer)) == (422, "key-used-for-another-request")


def _code(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition("/")[2]
