"""Tokens of services: who may call whom, for whom they speak, and how their keys rotate."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.kit.caller import SYSTEM, Caller, Role
from shared.kit.ids import new_id
from shared.tokens import KeyUnknown, ServiceTokens, TokenRefused, sign
from tests.shared.keys import new_key

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
PERSON = {"sub": str(new_id()), "roles": ["user", "worker"], "sid": str(new_id())}
CALLERS = frozenset({"depot", "till", "shelf"})


class Fleet:
    """Services with a signing key each, and the folder in which all find all public keys."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "service-keys"
        self.folder.mkdir()

    def service(self, name: str, *kids: str) -> ServiceTokens:
        key = new_key(self.home, *(kids or (name,)))
        (self.folder / f"{name}.jwks.json").write_text(json.dumps(key.jwks))
        return ServiceTokens(name, key, self.folder, CALLERS)


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


def test_a_service_knows_who_calls_and_for_whom(fleet: Fleet) -> None:
    depot, till = fleet.service("depot"), fleet.service("till")
    for caller in (Caller(new_id(), Role.USER), Caller(new_id(), Role.STAFF), SYSTEM):
        assert till.verify(depot.issue("till", caller, NOW), NOW) == ("depot", caller)


def test_a_service_token_is_for_one_audience_and_is_no_persons_token(fleet: Fleet) -> None:
    depot, till, shelf = (fleet.service(name) for name in ("depot", "till", "shelf"))
    with pytest.raises(TokenRefused):
        shelf.verify(depot.issue("till", SYSTEM, NOW), NOW)
    person = sign(new_key(fleet.home, "depot"), PERSON | {"iss": "depot", "aud": "till"}, NOW, 900)
    with pytest.raises(TokenRefused):
        till.verify(person, NOW)


def test_a_service_that_may_not_call_is_nobody(fleet: Fleet) -> None:
    till, stranger = fleet.service("till"), fleet.service("stranger")
    with pytest.raises(KeyUnknown):
        till.verify(stranger.issue("till", SYSTEM, NOW), NOW)


def test_a_service_cannot_speak_as_another(fleet: Fleet) -> None:
    till = fleet.service("till")
    fleet.service("depot", "k1")
    forger = ServiceTokens("depot", new_key(fleet.home, "k1"), fleet.folder)  # Another k1.
    with pytest.raises(TokenRefused):
        till.verify(forger.issue("till", SYSTEM, NOW), NOW)


def test_an_issued_token_is_reused_until_a_minute_before_its_end(fleet: Fleet) -> None:
    depot, till = fleet.service("depot"), fleet.service("till")
    first = depot.issue("till", SYSTEM, NOW)
    assert depot.issue("till", SYSTEM, NOW + timedelta(seconds=239)) == first
    assert depot.issue("shelf", SYSTEM, NOW) != first
    assert depot.issue("till", Caller(new_id(), Role.USER), NOW) != first
    renewed = depot.issue("till", SYSTEM, NOW + timedelta(seconds=240))
    assert renewed != first
    with pytest.raises(TokenRefused):
        till.verify(first, NOW + timedelta(seconds=305))
    assert till.verify(renewed, NOW + timedelta(seconds=305)) == ("depot", SYSTEM)


def test_a_second_kid_rotates_a_services_key(fleet: Fleet) -> None:
    till, old = fleet.service("till"), fleet.service("depot", "depot-1")
    till.refetch_seconds = 0
    token = old.issue("till", SYSTEM, NOW)
    assert till.verify(token, NOW) == ("depot", SYSTEM)
    new = fleet.service("depot", "depot-2")
    assert till.verify(new.issue("till", SYSTEM, NOW), NOW) == ("depot", SYSTEM)
    with pytest.raises(KeyUnknown):
        till.verify(token, NOW)


def test_the_folder_is_read_again_at_most_every_ten_seconds(fleet: Fleet) -> None:
    till, depot = fleet.service("till"), fleet.service("depot")
    till.verify(depot.issue("till", SYSTEM, NOW), NOW)
    late = fleet.service("shelf")
    with pytest.raises(KeyUnknown):
        till.verify(late.issue("till", SYSTEM, NOW), NOW)


def test_a_broken_key_file_keeps_the_keys_known_before(fleet: Fleet) -> None:
    till, depot = fleet.service("till"), fleet.service("depot")
    till.refetch_seconds = 0
    till.verify(depot.issue("till", SYSTEM, NOW), NOW)
    (fleet.folder / "depot.jwks.json").write_text("{half")
    fleet.service("shelf")
    (fleet.folder / "notes.json").write_text("[]")
    with pytest.raises(TokenRefused):
        till.verify(fleet.service("other", "x").issue("depot", SYSTEM, NOW), NOW)
    assert till.verify(depot.issue("till", Caller(new_id(), Role.USER), NOW), NOW)[0] == "depot"
