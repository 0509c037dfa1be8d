"""Photos over HTTP: forms that do not fit are refused by name, looks are recorded."""

import hashlib
from typing import Any

import pytest

from services.order.domain.evidence import PHOTO_BYTES_MAX
from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.services.order.works import Works, picture
from tests.support.service import as_json


async def post(works: Works, **form: Any) -> Any:
    return await works.http.post(f"/jobs/{new_id()}/evidence", headers=works.as_worker(), **form)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "body.stage"),
        ({"stage": "later"}, "body.stage"),
        ({"stage": "after", "angle": "From The Left"}, "body.angle"),
        ({"stage": "after", "lat": "north"}, "body.lat"),
        ({"stage": "after", "lat": "nan"}, "body.lat"),
        ({"stage": "after", "lng": "181"}, "body.lng"),
        ({"stage": "after", "more": "1"}, "body.more"),
    ],
)
async def test_a_field_that_does_not_fit_is_named(
    works: Works, fields: dict[str, str], field: str
) -> None:
    answer = await post(works, data=fields, files={"photo": ("a.jpg", picture())})

    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert answer.json()["type"].endswith("/invalid-request")


@pytest.mark.parametrize(
    "form",
    [
        {"data": {"stage": "after"}},
        {"data": {"stage": "after", "photo": "text"}},
        {"json": {"stage": "after"}},
        {"content": b"", "data": None},
        {"data": {"stage": "after"}, "files": {"photo": ("a.jpg", b"")}},
        {"data": {"stage": "after"}, "files": {"photo": ("a.jpg", b"<svg/>")}},
    ],
)
async def test_no_picture_is_a_refusal(works: Works, form: dict[str, Any]) -> None:
    answer = await post(works, **form)

    assert (answer.status_code, answer.json()["field"]) == (422, "photo")
    assert answer.json()["type"].endswith("/photo-invalid")


async def test_a_form_that_is_none_and_two_files_are_refused(works: Works) -> None:
    for said in ("boundary=x", "boundary=x; charset=undefined", "boundary=x; charset=idna"):
        broken = await works.http.post(
            f"/jobs/{new_id()}/evidence",
            content=b'--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\xff\r\n--x--\r\n',
            headers=works.as_worker() | {"content-type": f"multipart/form-data; {said}"},
        )
        assert broken.status_code == 422
        assert broken.json()["field"]
    two = [("photo", ("a.jpg", picture())), ("photo", ("b.jpg", picture()))]
    double = await post(works, data={"stage": "after"}, files=two)

    assert (double.status_code, double.json()["field"]) == (422, "body")


async def test_five_megabytes_pass_and_more_does_not(works: Works) -> None:
    order, sent = await works.started(), picture()
    padded = sent + b"\0" * (PHOTO_BYTES_MAX - len(sent))  # Decoders ignore what follows the end.
    good = await works.send(order, photo=padded)
    over = await works.send(order, photo=picture() + b"\0" * PHOTO_BYTES_MAX)
    huge = await works.send(order, photo=b"\0" * 6_000_000)

    assert good.status_code == 201
    assert over.json()["type"].endswith("/photo-invalid")
    assert (huge.status_code, huge.json()["type"].rpartition("/")[2]) == (413, "body-too-large")


async def test_user_crew_and_staff_see_the_picture_and_nobody_else(works: Works) -> None:
    order = await works.started()
    view = as_json(await works.send(order))
    path = f"{order['id']}/evidence/{view['id']}"
    seen = [
        await works.http.get(f"/orders/{path}", headers=works.shop.as_user()),
        await works.http.get(f"/jobs/{path}", headers=works.as_worker(works.mate)),
        await works.http.get(f"/staff/order/orders/{path}", headers=works.shop.as_staff()),
    ]
    stranger = works.running.headers(new_id(), Role.USER, Role.WORKER)
    for place in ("orders", "jobs"):
        assert (await works.http.get(f"/{place}/{path}", headers=stranger)).status_code == 404

    assert {hashlib.sha256(answer.content).hexdigest() for answer in seen} == {view["sha256"]}
    assert {answer.headers["content-type"] for answer in seen} == {"image/jpeg"}
    async with works.running.begin() as tx:
        looks = await tx.run("SELECT role FROM reveals WHERE place = 'evidence.photo'")
    assert {look["role"] for look in looks} >= {"user", "worker", "staff"}


async def test_before_and_after_of_one_angle_stand_side_by_side(works: Works) -> None:
    order = await works.arrived()
    before = as_json(await works.send(order, "before", angle="sofa"))
    as_json(await works.send(order, "before", angle="door"))
    as_json(await works.step(order, "start", body={}))
    as_json(await works.send(order, "after", angle="sofa"))
    newest = as_json(await works.send(order, "after", angle="sofa"))
    url = f"/orders/{order['id']}/evidence"
    listed = as_json(await works.http.get(url, headers=works.shop.as_user()))

    assert [photo["stage"] for photo in listed["photos"]] == ["before", "before", "after", "after"]
    pair = {"angle": "sofa", "before": before["id"], "after": newest["id"]}
    assert listed["comparisons"] == [pair]


async def test_another_orders_photo_is_not_found_under_this_one(works: Works) -> None:
    first, second = await works.started(), await works.started()
    view = as_json(await works.send(first))
    url = f"/orders/{second['id']}/evidence/{view['id']}"
    answer = await works.http.get(url, headers=works.shop.as_user())

    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (
        404,
        "photo-not-found",
    )


async def test_a_day_after_the_visit_the_crew_looks_no_more(own_works: Works) -> None:
    order = await own_works.completed()
    await own_works.running.pass_time(hours=25)
    url = f"/jobs/{order['id']}/evidence"
    gone = await own_works.http.get(url, headers=own_works.as_worker())
    staff = f"/staff/order{url.replace('/jobs/', '/orders/')}"
    listed = as_json(await own_works.http.get(staff, headers=own_works.shop.as_staff()))

    assert (gone.status_code, gone.json()["type"].rpartition("/")[2]) == (410, "job-closed")
    assert len(listed["photos"]) == 1


async def test_forgetting_the_user_blinds_the_photos(works: Works) -> None:
    order = await works.started()
    view = as_json(await works.send(order))
    await works.forget_user()
    url = f"/staff/order/orders/{order['id']}/evidence/{view['id']}"
    answer = await works.http.get(url, headers=works.shop.as_staff())

    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (410, "erased")


async def test_the_form_stands_in_the_docs(works: Works) -> None:
    document = as_json(await works.http.get("/openapi.json"))
    form = document["paths"]["/jobs/{order_id}/evidence"]["post"]["requestBody"]["content"]

    assert form["multipart/form-data"]["schema"]["required"] == ["photo", "stage"]
