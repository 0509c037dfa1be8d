"""A worker's offers over HTTP."""

import math
from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.shapes import Urgency
from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.conftest import ServiceFixture
from tests.services.dispatch.given import SHA_TIN, completed, released, scene
from tests.support.service import as_json


async def test_offers_are_listed_newest_first_page_by_page(service: ServiceFixture) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        for _ in range(3):
            await here.finish(await here.paid())
        headers = here.dispatch.bearer(worker, Role.WORKER)
        seen, cursor = [], None
        for _ in range(3):
            query: dict[str, Any] = {"only_open": "false", "limit": 1}
            query |= {"cursor": cursor} if cursor else {}
            page = as_json(
                await here.dispatch.http.get("/workers/me/offers", params=query, headers=headers)
            )
            seen += [offer["id"] for offer in page["items"]]
            cursor = page["next_cursor"]

        assert cursor is None
        assert seen == sorted(seen, reverse=True)
        assert len(set(seen)) == 3
        assert await here.offers(worker) == []


async def test_the_exact_place_shows_only_once_the_job_is_theirs(service: ServiceFixture) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.paid()
        [before] = await here.offers(worker)
        await here.accept(worker, before["id"])
        [after] = await here.offers(worker, only_open=False)

        exact = (SHA_TIN.lat, SHA_TIN.lng)
        assert (before["place"]["lat"], before["place"]["lng"]) != exact
        assert before["place"]["accuracy_m"] > 0
        assert (after["place"]["lat"], after["place"]["lng"]) == exact
        assert after["place"]["accuracy_m"] == 0


async def test_a_day_after_the_job_its_place_is_rough_again(service: ServiceFixture) -> None:
    async with scene(service) as here:
        worker = await here.worker(metres=1_100)
        order = await here.paid()
        [before] = await here.offers(worker)
        key = new_id()
        await here.accept(worker, before["id"], key)
        await here.dispatch.pass_time(hours=1)
        await here.dispatch.tell(completed(order, here.now))

        await here.dispatch.pass_time(hours=23, minutes=59)
        [still] = await here.offers(worker, only_open=False)
        await here.dispatch.pass_time(minutes=2)
        [after] = await here.offers(worker, only_open=False)

        assert (still["place"]["accuracy_m"], still["distance_m"]) == (0, 1_100)
        assert (after["place"], after["distance_m"]) == (before["place"], 1_000)
        assert after["state"] == "accepted"


@pytest.mark.parametrize("lost", [0, 2])
async def test_an_answer_asked_for_again_a_day_after_the_job_leaves_the_place_out(
    service: ServiceFixture, lost: int
) -> None:
    """One that was kept, and one that a timer finished, which is made anew from the offer."""
    async with scene(service) as here:
        worker = await here.worker()
        order = await here.paid()
        [offer] = await here.offers(worker)
        here.peers.lose_before["assign"] = lost
        key = new_id()
        first = await here.accept(worker, offer["id"], key)
        assert first.status_code == (503 if lost else 200)
        await here.dispatch.pass_time(seconds=6)
        place = {"lat": SHA_TIN.lat, "lng": SHA_TIN.lng}
        assert as_json(await here.accept(worker, offer["id"], key))["point"] == place
        await here.dispatch.tell(completed(order, here.now))
        await here.dispatch.pass_time(hours=24)

        assert as_json(await here.accept(worker, offer["id"], key))["point"] is None


async def test_who_left_the_job_is_not_told_its_place_by_asking_again(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        order = await here.paid()
        [offer] = await here.offers(worker)
        key = new_id()
        first = as_json(await here.accept(worker, offer["id"], key))
        await here.dispatch.tell(released(order, offer, worker))

        assert as_json(await here.accept(worker, offer["id"], key)) == first | {"point": None}


async def test_places_within_one_step_of_the_told_distance_show_the_same_way(
    service: ServiceFixture,
) -> None:
    """The distance is told roughly; the time that the way takes must not tell it better."""
    async with scene(service) as here:
        near, far = await here.worker(metres=800), await here.worker(metres=1_200)
        await here.paid(crew=2)
        [nearer], [further] = await here.offers(near), await here.offers(far)

        told = [(one["distance_m"], one["eta_seconds"]) for one in (nearer, further)]

        assert told[0] == told[1]
        assert told[0][0] == 1_000


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("accept", {}, "body.eta_seconds"),
        ("accept", {"eta_seconds": -1}, "body.eta_seconds"),
        ("accept", {"eta_seconds": "600"}, "body.eta_seconds"),
        ("accept", {"eta_seconds": 1, "price": 2}, "body.price"),
        ("decline", {"reason": "whatever"}, "body.reason"),
        ("decline", [], "body"),
    ],
)
async def test_bad_input_is_named_and_changes_nothing(
    service: ServiceFixture, path: str, body: Any, field: str
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.paid()
        [offer] = await here.offers(worker)
        answer = await here.dispatch.http.post(
            f"/offers/{offer['id']}/{path}",
            json=body,
            headers=here.dispatch.headers(worker, Role.WORKER),
        )

        assert answer.status_code == 422
        assert answer.json()["field"] == field
        assert await here.states() == ["offered"]


async def test_a_promise_that_the_job_cannot_wait_for_is_refused_by_field(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker(metres=2_000)
        await here.paid()
        [offer] = await here.offers(worker)
        longest, key = math.ceil(offer["eta_seconds"] * 1.5) + 600, new_id()

        refused = [await here.accept(worker, offer["id"], key, s) for s in (86_400, longest + 1)]

        assert {answer.status_code for answer in refused} == {422}
        assert refused[0].json()["type"].endswith("/promise-too-late")
        assert refused[0].json()["field"] == "eta_seconds"
        assert refused[0].json()["reason"] == f"at most {longest}"
        assert await here.states() == ["offered"]
        assert not here.peers.calls
        taken = as_json(await here.accept(worker, offer["id"], key, longest))
        assert (taken["state"], taken["promised_eta_seconds"]) == ("accepted", longest)


async def test_for_a_job_tomorrow_a_worker_may_promise_its_start_but_no_later(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        starts_at = here.now + timedelta(hours=12)
        await here.paid(urgency=Urgency.SCHEDULED, starts_at=starts_at)
        [offer] = await here.offers(worker)

        late = await here.accept(worker, offer["id"], eta_seconds=12 * 3_600 + 1)

        assert late.status_code == 422
        in_time = 12 * 3_600 - 60
        assert (await here.accept(worker, offer["id"], eta_seconds=in_time)).status_code == 200


async def test_users_and_strangers_are_kept_out(service: ServiceFixture) -> None:
    async with scene(service) as here:
        http, offer_id = here.dispatch.http, new_id()
        body = {"eta_seconds": 60}
        path = f"/offers/{offer_id}/accept"
        as_user = here.dispatch.headers(new_id(), Role.USER)
        keyless = here.dispatch.bearer(new_id(), Role.WORKER)

        assert (await http.post(path, json=body)).status_code == 401
        assert (await http.post(path, json=body, headers=as_user)).status_code == 403
        assert (await http.post(path, json=body, headers=keyless)).status_code == 400
        assert (await http.get("/workers/me/offers", headers=as_user)).status_code == 403


async def test_openapi_lists_what_may_be_refused(service: ServiceFixture) -> None:
    async with scene(service) as here:
        document = as_json(await here.dispatch.http.get("/openapi.json"))
        answers = document["paths"]["/offers/{offer_id}/accept"]["post"]["responses"]
        assert "offer-lost" in answers["409"]["description"]
        assert "offer-expired" in answers["410"]["description"]
        assert "offer-not-found" in answers["404"]["description"]
