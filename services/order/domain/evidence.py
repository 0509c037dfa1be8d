"""Photos that prove what was done, and the checklist that asks for them. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.order.domain.catalogue import Check, CheckKind, CheckStage
from services.order.domain.order import OrderState
from shared.kit.errors import Conflict, Invalid, NotFound

PHOTO_BYTES_MAX = 5 * 1024 * 1024
PHOTOS_MAX = 60  # Of one stage, by those who are in the crew now.
PHOTOS_EVER_MAX = 4 * PHOTOS_MAX  # Of one order, whoever took them.
AFTER_PHOTOS_MIN = 1  # Before a job can be completed.

Answer = bool | int | str
"""What the lead says to an item of the checklist: yes or no, a number, a choice."""


class PhotoNotFound(NotFound):
    """The order has no such photo."""


class PhotoInvalid(Invalid):
    """The photo cannot be read, or is larger than we take."""


class PhotoKnown(Conflict):
    """The order has this very photo already; one picture proves one thing."""


class PhotosTooMany(Conflict):
    """The order has as many photos as it may have; one that the next step needs is still taken."""


class StageNotNow(Conflict):
    """Photos of this stage are not taken where the order stands."""


class EvidenceMissing(Conflict):
    """The job needs an 'after' photo before it can be completed."""


class ChecklistIncomplete(Conflict):
    """Mandatory items of the checklist are missing."""


class AnswerInvalid(Invalid):
    """An answer does not fit the item of the checklist."""


class EvidenceStage(StrEnum):
    """When a photo was taken; before and after of one angle are compared."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


_S = OrderState
_ON_SITE = frozenset({_S.ARRIVED, _S.DIAGNOSING, _S.QUOTED, _S.PENDING_TOPUP})
_AT_WORK = frozenset({_S.IN_SERVICE, _S.VARIATION_PENDING})
STATES: dict[EvidenceStage, frozenset[OrderState]] = {
    EvidenceStage.BEFORE: _ON_SITE,
    EvidenceStage.DURING: _AT_WORK,
    EvidenceStage.AFTER: _AT_WORK,
}
"""Where an order must stand for a photo of each stage."""

_PHOTO_STAGE = {
    CheckStage.BEFORE_START: EvidenceStage.BEFORE,
    CheckStage.DURING: EvidenceStage.DURING,
    CheckStage.BEFORE_COMPLETION: EvidenceStage.AFTER,
}
DUE_AT_START = frozenset({CheckStage.BEFORE_START})
DUE_AT_COMPLETION = frozenset({CheckStage.DURING, CheckStage.BEFORE_COMPLETION})

Angles = Mapping[EvidenceStage, Collection[str]]
"""The angles from which there are photos, by stage."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture as we keep it: re-encoded, without what the camera noted about place and owner."""

    content: bytes
    width: int
    height: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Sent:
    """Which photos an order has when the next one comes, those on their way to the store too."""

    ever: int  # Of any stage, by anybody.
    of_stage: int  # Of the next one's stage, by those who are in the crew now.
    of_angle: int  # Those of them from the next one's angle.
    is_known: bool  # Whether the next one is among all of them.


@dataclass(frozen=True, slots=True)
class Shot:
    """A photo with what it shows; where it was taken if the phone said so."""

    photo: Photo
    stage: EvidenceStage
    angle: str
    lat: float | None = None
    lng: float | None = None


def object_name(order_id: UUID, evidence_id: UUID) -> str:
    """Under which name the sealed photo lies in the object store."""
    return f"evidence/{order_id}/{evidence_id}"


def check_stage(stage: EvidenceStage, state: OrderState) -> None:
    """Whether a photo of this stage is taken now. Raises StageNotNow."""
    if state not in STATES[stage]:
        now = [each.value for each in EvidenceStage if state in STATES[each]]
        raise StageNotNow(f"No '{stage}' photo when {state}.", state=state, allowed=now)


def check_room(shot: Shot, checklist: Sequence[Any], sent: Sent) -> None:
    """Whether the order takes one more photo.

    A photo without which the job could not go on is always taken, however many others there are.
    Raises PhotosTooMany.
    """
    if sent.of_stage < PHOTOS_MAX and sent.ever < PHOTOS_EVER_MAX:
        return
    if sent.of_angle == 0 and _is_needed(shot, checklist, sent):
        return
    raise PhotosTooMany(
        f"There are {sent.of_stage} photos of '{shot.stage}' and {sent.ever} in all.",
        photos_max=PHOTOS_MAX,
        photos_ever_max=PHOTOS_EVER_MAX,
    )


def _is_needed(shot: Shot, checklist: Sequence[Any], sent: Sent) -> bool:
    if shot.stage is EvidenceStage.AFTER and sent.of_stage < AFTER_PHOTOS_MIN:
        return True
    items = map(Check.model_validate, checklist)
    asked = [
        (_PHOTO_STAGE[item.stage], item.code) for item in items if item.kind is CheckKind.PHOTO
    ]
    return (shot.stage, shot.angle) in asked


def check_start(checklist: Sequence[Any], answers: Mapping[str, Answer], angles: Angles) -> None:
    """Whether the checklist lets the work begin. Raises AnswerInvalid, ChecklistIncomplete."""
    _check_due(checklist, DUE_AT_START, answers, angles)


def check_completion(
    checklist: Sequence[Any], answers: Mapping[str, Answer], angles: Angles
) -> None:
    """Whether photos and checklist show that the work is done.

    Raises EvidenceMissing, AnswerInvalid, ChecklistIncomplete.
    """
    if len(angles.get(EvidenceStage.AFTER, ())) < AFTER_PHOTOS_MIN:
        raise EvidenceMissing("Take a photo of the finished work.", stage=EvidenceStage.AFTER)
    _check_due(checklist, DUE_AT_COMPLETION, answers, angles)


def _check_due(
    checklist: Sequence[Any],
    due: Collection[CheckStage],
    answers: Mapping[str, Answer],
    angles: Angles,
) -> None:
    items = [item for item in map(Check.model_validate, checklist) if item.stage in due]
    asked = {item.code: item for item in items if item.kind is not CheckKind.PHOTO}
    for code, answer in answers.items():
        _check_answer(asked.get(code), code, answer)
    missing = [
        item.code for item in items if item.required and not _is_answered(item, answers, angles)
    ]
    if missing:
        raise ChecklistIncomplete(f"Missing: {', '.join(missing)}.", missing=missing)


def _is_answered(item: Check, answers: Mapping[str, Answer], angles: Angles) -> bool:
    """A photo is an answer when its angle is named like the item."""
    if item.kind is CheckKind.PHOTO:
        return item.code in angles.get(_PHOTO_STAGE[item.stage], ())
    return item.code in answers


def _check_answer(item: Check | None, code: str, answer: Answer) -> None:
    field = f"answers.{code}"
    if item is None:
        raise AnswerInvalid(field=field, reason="is not asked for at this step")
    match item.kind:
        case CheckKind.YES_NO if not isinstance(answer, bool):
            raise AnswerInvalid(field=field, reason="must be true or false")
        case CheckKind.NUMBER if isinstance(answer, bool) or not isinstance(answer, int):
            raise AnswerInvalid(field=field, reason="must be a whole number")
        case CheckKind.CHOICE if answer not in item.choices:
            raise AnswerInvalid(field=field, reason=f"must be one of {', '.join(item.choices)}")
