"""How far a round looks."""

from dataclasses import replace

import pytest

from services.dispatch.domain.candidate import Candidate, Reject
from services.dispatch.domain.widening import look_around
from shared.kit.ids import new_id
from tests.services.dispatch.domain.test_candidate import ABLE, JOB, NOW, RULES
from tests.services.dispatch.given import north

ALL_STEPS = range(len(RULES.radius_steps_m))


def at(metres: float, **changed: object) -> Candidate:
    """An able worker some way north of the job."""
    return replace(ABLE, worker_id=new_id(), position=north(JOB.point, metres), **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("metres", "radius_m"), [(500, 3_000), (4_900, 5_000), (7_900, 8_000), (11_900, 12_000)]
)
def test_it_looks_no_further_than_the_first_who_can_come(metres: float, radius_m: int) -> None:
    workers = [at(metres), at(11_950)]
    look = look_around(JOB, workers, ALL_STEPS, NOW, RULES)

    assert look.radius_m == radius_m == RULES.radius_steps_m[look.step]
    assert look.able[0].worker_id == workers[0].worker_id


def test_where_nobody_can_come_everybody_is_explained_at_the_widest() -> None:
    workers = [at(500, suspended=True), at(11_000, approved=False)]
    look = look_around(JOB, workers, ALL_STEPS, NOW, RULES)

    assert look.radius_m == RULES.radius_steps_m[-1]
    assert look.able == []
    why = {one.worker_id: one.rejects for one in look.judged}
    assert why == {
        workers[0].worker_id: [Reject.SUSPENDED],
        workers[1].worker_id: [Reject.NOT_APPROVED],
    }


def test_who_let_an_offer_lapse_comes_again_only_at_the_widest() -> None:
    silent = at(500, offers_of_order=1)
    assert look_around(JOB, [silent], range(1), NOW, RULES).judged[0].rejects == [
        Reject.ASKED_BEFORE
    ]
    look = look_around(JOB, [silent], ALL_STEPS, NOW, RULES)
    assert (look.radius_m, len(look.able)) == (RULES.radius_steps_m[-1], 1)


def test_a_search_that_has_come_further_looks_no_nearer_first() -> None:
    look = look_around(JOB, [at(500)], range(2, 4), NOW, RULES)
    assert look.step == 2
