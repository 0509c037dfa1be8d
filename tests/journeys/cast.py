"""The people of a journey: workers who apply, are approved and go online; users with an address."""

import asyncio
import io
import time
import zlib
from dataclasses import dataclass
from typing import Any

from PIL import Image

from deploy.local.recruit import DAY_AND_NIGHT, application_of, hkid
from tests.journeys.stage import JourneyFailed, Person, Stage, dollars


@dataclass(frozen=True)
class Place:
    """A point and the district it lies in."""

    lat: float
    lng: float
    district: str

    def moved(self, north_m: float, east_m: float) -> "Place":
        """A place that many metres away."""
        return Place(self.lat + north_m / 111_000, self.lng + east_m / 103_000, self.district)

    @property
    def point(self) -> dict[str, float]:
        return {"lat": self.lat, "lng": self.lng}


SHA_TIN = Place(22.3830, 114.1900, "ST")
TAI_PO = Place(22.4500, 114.1680, "TP")


async def hire(
    stage: Stage,
    staff: Person,
    name: str,
    at: Place,
    skills: list[dict[str, Any]],
    equipment: list[str],
) -> Person:
    """A worker as the platform knows one: applied, approved, with hours, online, somewhere."""
    worker = await stage.person(name)
    application = application_of(name, skills, equipment, at.point)
    stage.private |= {application["legal_name"], hkid(name).partition("(")[0]}
    state = (await worker.get("/workers/me/onboarding"))["state"]
    if state is None:
        await worker.post("/workers", application)
        granted = {"skills": skills, "equipment": equipment, "reason": "papers and test seen"}
        await staff.post(f"/staff/worker/{worker.account_id}/approve", granted)
    await _until_worker(worker)
    await worker.put("/workers/me/schedule", {"shifts": DAY_AND_NIGHT})
    await go_online(worker, at)
    return worker


async def _until_worker(worker: Person) -> None:
    """The role comes by an event; a token tells the roles of when it was made."""
    for _ in range(200):
        await worker.log_in()
        if "worker" in worker.roles:
            return
        await asyncio.sleep(0.1)
    raise JourneyFailed(f"{worker.name} was approved and did not become a worker")


async def go_online(worker: Person, at: Place) -> None:
    """Online, and seen there just now."""
    await worker.put("/workers/me/presence", {"online": True})
    await worker.post("/workers/me/positions", at.point | {"accuracy_m": 10})


async def open_offer(worker: Person, order_id: str) -> dict[str, Any] | None:
    """The worker's open offer for this order, if there is one."""
    page = await worker.get("/workers/me/offers")
    offers: list[dict[str, Any]] = page["items"]
    return next((o for o in offers if o["order_id"] == order_id and o["state"] == "offered"), None)


async def offering_of(person: Person, category: str, code: str) -> dict[str, Any]:
    """An offering of the catalogue by its code."""
    page = await person.get("/catalog/offerings", category=category, limit=100)
    found = [one for one in page["items"] if one["code"] == code]
    if not found:
        raise JourneyFailed(f"the catalogue has no {code}: {[o['code'] for o in page['items']]}")
    one: dict[str, Any] = found[0]
    return one


async def pay(stage: Stage, user: Person, order_id: str) -> dict[str, Any]:
    """Open a payment by WeChat and pay it in WeChat; what the channel says of the trade."""
    code = f"sandbox-{user.name}.{time.time_ns()}"
    payment = await user.post(
        "/payments", {"order_id": order_id, "channel": "wechat", "wechat_code": code}
    )
    stage.say(f"payment {payment['state']}, {dollars(payment['amount'])} by WeChat Pay")
    prepay_id = payment["wechat"]["package"].removeprefix("prepay_id=")
    answer = await stage.http.post(
        f"{stage.sandbox}/__sandbox/wechat/pay", json={"prepay_id": prepay_id}
    )
    if not answer.is_success:
        raise JourneyFailed(f"WeChat refused: {answer.text}")
    paid: dict[str, Any] = payment | {"trade": answer.json()}
    return paid


async def photograph(
    worker: Person, order_id: str, stage_of_work: str, angle: str, key: str = ""
) -> None:
    """Send a photo of the work: a picture of our own making, no two alike."""
    tint = zlib.crc32(f"{order_id}{stage_of_work}{angle}".encode())
    picture = Image.new("RGB", (320, 240), (tint & 255, tint >> 8 & 255, tint >> 16 & 255))
    held = io.BytesIO()
    picture.save(held, "JPEG")
    await worker.send_file(
        f"/jobs/{order_id}/evidence",
        {"stage": stage_of_work, "angle": angle},
        ("photo.jpg", held.getvalue(), "image/jpeg"),
        key,
    )


async def do_the_work(stage: Stage, lead: Person, order_id: str, at: Place) -> None:
    """From setting out to the finished work, as the lead's phone would send it."""
    await lead.post(f"/jobs/{order_id}/depart")
    await stage.told("order.departed.v1", order_id)
    await lead.post(f"/jobs/{order_id}/arrive", at.point | {"accuracy_m": 15.0})
    await stage.told("order.arrived.v1", order_id, "shown by distance")
    job = await lead.get(f"/jobs/{order_id}")
    for item in job["checklist"]:
        if item["kind"] == "photo" and item["stage"] == "before_start":
            await photograph(lead, order_id, "before", item["code"])
    await lead.post(f"/jobs/{order_id}/start", {"answers": answers_of(job, "before_start")})
    await stage.told("order.started.v1", order_id)


async def finish_the_work(stage: Stage, lead: Person, order_id: str) -> None:
    """The photos and answers that the checklist asks for, then: done."""
    job = await lead.get(f"/jobs/{order_id}")
    await photograph(lead, order_id, "after", "whole")
    for item in job["checklist"]:
        if item["kind"] == "photo" and item["stage"] == "before_completion":
            await photograph(lead, order_id, "after", item["code"])
        if item["kind"] == "photo" and item["stage"] == "during":
            await photograph(lead, order_id, "during", item["code"])
    answers = answers_of(job, "during") | answers_of(job, "before_completion")
    await lead.post(f"/jobs/{order_id}/complete", {"answers": answers})
    await stage.told("order.completed.v1", order_id, "photos and checklist are there")


def answers_of(job: dict[str, Any], when: str) -> dict[str, Any]:
    said: dict[str, Any] = {"yes_no": True, "number": 1}
    return {
        item["code"]: said[item["kind"]] if item["kind"] in said else item["choices"][0]
        for item in job["checklist"]
        if item["kind"] != "photo" and item["stage"] == when
    }
