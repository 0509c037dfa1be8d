"""Photos and checklists: what is asked for when, and what counts as an answer."""

from itertools import product
from typing import Any
from uuid import UUID

import pytest

from services.order.domain.evidence import (
    PHOTOS_EVER_MAX,
    PHOTOS_MAX,
    STATES,
    Answer,
    AnswerInvalid,
    ChecklistIncomplete,
    EvidenceMissing,
    EvidenceStage,
    Photo,
    PhotosTooMany,
    Sent,
    Shot,
    StageNotNow,
    check_completion,
    check_room,
    check_stage,
    check_start,
    object_name,
)
from services.order.domain.order import OrderState
from tests.services.order.works import CHECKLIST

BEFORE, DURING, AFTER = EvidenceStage.BEFORE, EvidenceStage.DURING, EvidenceStage.AFTER
GOOD: dict[str, Answer] = {"rooms": 3, "floor": "dry"}


@pytest.mark.parametrize(("stage", "state"), list(product(EvidenceStage, OrderState)))
def test_a_photo_is_taken_where_its_stage_says(stage: EvidenceStage, state: OrderState) -> None:
    if state in STATES[stage]:
        check_stage(stage, state)
    else:
        with pytest.raises(StageNotNow):
            check_stage(stage, state)


def test_without_a_checklist_nothing_is_asked_before_the_start() -> None:
    check_start([], {}, {})


def test_an_angle_named_like_the_item_answers_it_at_its_own_stage_only() -> None:
    check_start(CHECKLIST, {"keys": False}, {BEFORE: {"front"}})
    with pytest.raises(ChecklistIncomplete) as refused:
        check_start(CHECKLIST, {"keys": True}, {AFTER: {"front"}, BEFORE: {"back"}})
    assert refused.value.facts["missing"] == ["front"]


def test_the_finished_work_is_always_shown() -> None:
    with pytest.raises(EvidenceMissing):
        check_completion([], {}, {BEFORE: {"general"}, DURING: {"general"}, AFTER: set()})
    check_completion([], {}, {AFTER: {"general"}})


def test_what_is_not_mandatory_may_stay_open() -> None:
    check_completion(CHECKLIST, GOOD, {AFTER: {"general"}})
    check_completion(CHECKLIST, {**GOOD, "remark": "none"}, {AFTER: {"general"}})


@pytest.mark.parametrize("left_out", GOOD)
def test_what_is_mandatory_may_not(left_out: str) -> None:
    rest = {code: answer for code, answer in GOOD.items() if code != left_out}
    with pytest.raises(ChecklistIncomplete) as refused:
        check_completion(CHECKLIST, rest, {AFTER: {"general"}})
    assert refused.value.facts["missing"] == [left_out]


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("rooms", True),
        ("rooms", "3"),
        ("floor", "flooded"),
        ("floor", True),
        ("keys", True),
        ("unknown", 1),
    ],
)
def test_an_answer_fits_its_item(code: str, answer: Any) -> None:
    with pytest.raises(AnswerInvalid) as refused:
        check_completion(CHECKLIST, {**GOOD, code: answer}, {AFTER: {"general"}})
    assert refused.value.facts["field"] == f"answers.{code}"


@pytest.mark.parametrize(
    ("stage", "angle", "of_stage", "of_angle", "is_taken"),
    [
        (BEFORE, "front", PHOTOS_MAX, 0, True),  # The checklist asks for it.
        (BEFORE, "front", PHOTOS_MAX, 1, False),
        (BEFORE, "back", PHOTOS_MAX, 0, False),
        (DURING, "front", PHOTOS_MAX, 0, False),  # Of another stage.
        (AFTER, "general", PHOTOS_MAX, 0, False),
        (AFTER, "general", 0, 0, True),  # Every job ends with one.
        (DURING, "general", 0, 0, False),
    ],
)
def test_what_the_job_needs_is_taken_when_all_is_full(
    stage: EvidenceStage, angle: str, of_stage: int, of_angle: int, is_taken: bool
) -> None:
    shot = Shot(Photo(b"", 1, 1, "sha"), stage, angle)
    sent = Sent(PHOTOS_EVER_MAX, of_stage, of_angle, is_known=False)
    if is_taken:
        check_room(shot, CHECKLIST, sent)
    else:
        with pytest.raises(PhotosTooMany):
            check_room(shot, CHECKLIST, sent)


@pytest.mark.parametrize(
    ("ever", "of_stage", "is_taken"),
    [
        (PHOTOS_EVER_MAX - 1, PHOTOS_MAX - 1, True),
        (PHOTOS_EVER_MAX - 1, PHOTOS_MAX, False),
        (PHOTOS_EVER_MAX, PHOTOS_MAX - 1, False),
    ],
)
def test_a_stage_and_an_order_have_only_so_many(ever: int, of_stage: int, is_taken: bool) -> None:
    shot, sent = Shot(Photo(b"", 1, 1, "sha"), DURING, "general"), Sent(ever, of_stage, 1, False)
    if is_taken:
        check_room(shot, [], sent)
    else:
        with pytest.raises(PhotosTooMany):
            check_room(shot, [], sent)


def test_the_name_of_an_object_tells_nothing_about_people() -> None:
    assert object_name(UUID(int=1), UUID(int=2)) == f"evidence/{UUID(int=1)}/{UUID(int=2)}"
