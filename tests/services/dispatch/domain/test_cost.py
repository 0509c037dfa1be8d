"""What it costs to send a worker, and in which order they are asked."""

import json
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from services.dispatch.domain.cost import Features, Terms, eta_seconds, judge, terms_of
from services.dispatch.domain.places import distance_m
from shared.contracts.shapes import Point
from shared.kit.ids import new_id
from tests.services.dispatch.domain.test_candidate import ABLE, HERE, JOB, NOW, RULES

PLAIN = Features(
    distance_m=2_000,
    hour=14,
    crosses_harbour=False,
    is_secondary=False,
    credit=100.0,
    relative_load=0.0,
    acceptance=1.0,
)


def test_the_way_takes_its_detour_at_the_speed_of_the_hour() -> None:
    assert eta_seconds(PLAIN) == 360  # 2.8 km at 28 km/h.
    assert eta_seconds(replace(PLAIN, hour=8)) == 504
    assert eta_seconds(replace(PLAIN, hour=3)) == 252


def test_the_harbour_costs_time_and_more_of_it_at_peak() -> None:
    assert eta_seconds(replace(PLAIN, crosses_harbour=True)) == 660
    assert eta_seconds(replace(PLAIN, crosses_harbour=True, hour=8)) == 1224


def test_each_term_is_worth_its_seconds() -> None:
    assert terms_of(PLAIN).total == 360
    assert terms_of(replace(PLAIN, is_secondary=True)).secondary_skill == 120
    assert terms_of(replace(PLAIN, credit=0.0)).credit == 300
    assert terms_of(replace(PLAIN, relative_load=2.0)).load == 40
    assert terms_of(replace(PLAIN, relative_load=99.0)).load == 60
    assert terms_of(replace(PLAIN, acceptance=0.0)).acceptance == 90


def test_recomputing_from_what_was_kept_gives_the_same_cost() -> None:
    workers = [
        replace(
            ABLE,
            worker_id=new_id(),
            credit=71.3 + n,
            position=Point(lat=HERE.lat + n / 900, lng=HERE.lng),
            jobs_that_day=n,
            offers_accepted=n,
            offers_expired=3,
            skills={"towing": 2, "cleaning": n},
        )
        for n in range(9)
    ]
    kept = json.loads(
        json.dumps([one.explained() for one in judge(JOB, workers, 3_000, NOW, RULES)])
    )
    priced = [one for one in kept if not one["rejects"]]
    assert len(priced) == 9
    for one in priced:
        terms = terms_of(Features(**one["features"]))
        assert terms == Terms(**one["terms"])
        assert terms.total == one["cost"] == pytest.approx(sum(one["terms"].values()))


def test_the_nearest_of_equals_is_asked_first() -> None:
    near = replace(ABLE, worker_id=new_id(), position=Point(lat=22.384, lng=114.19))
    assert distance_m(near.start_for(JOB), HERE) < distance_m(ABLE.start_for(JOB), HERE)
    assert judge(JOB, [ABLE, near], 3_000, NOW, RULES)[0].worker_id == near.worker_id


def test_better_credit_outweighs_a_little_distance() -> None:
    good = replace(ABLE, worker_id=new_id(), credit=95.0)
    near = replace(ABLE, worker_id=new_id(), credit=40.0, position=Point(lat=22.389, lng=114.19))
    assert judge(JOB, [near, good], 3_000, NOW, RULES)[0].worker_id == good.worker_id


def test_ties_go_to_who_is_idle_longer_then_to_the_smaller_id_in_any_order() -> None:
    first, second, third = sorted(
        (replace(ABLE, worker_id=new_id()) for _ in range(3)), key=lambda one: one.worker_id
    )
    idle = replace(third, idle_since=NOW - timedelta(hours=1))
    expected = [idle.worker_id, first.worker_id, second.worker_id]
    for workers in permutations([first, second, idle]):
        ranked = judge(JOB, workers, 3_000, NOW, RULES)
        assert [one.worker_id for one in ranked] == expected


def test_who_let_an_offer_lapse_comes_after_all_others() -> None:
    asked = replace(ABLE, worker_id=new_id(), offers_of_order=1, credit=100.0)
    ranked = judge(JOB, [asked, ABLE], RULES.radius_steps_m[-1], NOW, RULES)
    assert [one.worker_id for one in ranked] == [ABLE.worker_id, asked.worker_id]


def test_a_newcomer_counts_as_one_who_mostly_accepts_and_silence_as_half_a_no() -> None:
    def acceptance(accepted: int, declined: int, expired: int) -> float:
        answers = {"offers_accepted": accepted, "offers_declined": declined}
        worker = replace(ABLE, offers_expired=expired, **answers)  # type: ignore[arg-type]
        features = judge(JOB, [worker], 3_000, NOW, RULES)[0].features
        assert features is not None
        return features.acceptance

    assert acceptance(0, 0, 0) == 0.8
    assert acceptance(10, 0, 0) == 0.9
    assert acceptance(0, 10, 0) == 0.4
    assert acceptance(0, 0, 10) == pytest.approx(8 / 15, abs=1e-4)


def test_load_is_relative_to_those_who_could_come() -> None:
    busy = replace(ABLE, worker_id=new_id(), jobs_that_day=3)
    free = replace(ABLE, worker_id=new_id(), jobs_that_day=1)
    terms = {one.worker_id: one.terms for one in judge(JOB, [busy, free], 3_000, NOW, RULES)}
    assert terms[busy.worker_id].load == 30  # type: ignore[union-attr]
    assert terms[free.worker_id].load == 10  # type: ignore[union-attr]
