"""Who somebody is, without a database."""

from dataclasses import FrozenInstanceError

import pytest

from services.user.domain.account import AccountNotFound, Identity, IdentityKind


def test_an_identity_is_its_kind_and_text() -> None:
    phone = Identity(IdentityKind.PHONE, "+85261234567")
    assert phone == Identity(IdentityKind.PHONE, "+85261234567")
    assert phone != Identity(IdentityKind.WECHAT, "+85261234567")
    assert phone != Identity(IdentityKind.PHONE, "+85261234568")
    with pytest.raises(FrozenInstanceError):
        phone.text = "+85261234568"  # type: ignore[misc]


@pytest.mark.parametrize("kind", IdentityKind)
def test_an_identity_in_a_log_names_nobody(kind: IdentityKind) -> None:
    assert "6123" not in repr(Identity(kind, "+85261234567"))


def test_an_account_that_is_not_there_is_not_found() -> None:
    refused = AccountNotFound("No account.")
    assert (refused.status, refused.code()) == (404, "account-not-found")
