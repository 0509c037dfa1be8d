"""The commands that operators give."""

from pathlib import Path
from uuid import UUID

import pytest

from services.user.__main__ import grant_staff, rotate_token_key
from shared.contracts.user import UserRegistered
from tests.services.user.people import log_in_by_phone, log_in_by_wechat, new_phone
from tests.support.sandbox import Sandbox
from tests.support.service import Running


async def test_a_phone_is_made_staff_before_its_first_login(
    user: Running, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    phone = new_phone()
    for _ in range(2):
        await grant_staff(user.kit, [phone])
    first, second = (UUID(line) for line in capsys.readouterr().out.split())

    person = await log_in_by_phone(user, sandbox, phone)
    assert first == second == person.account_id
    assert person.roles == ["staff", "user"]
    assert len(await user.told(UserRegistered)) == 1


async def test_beside_a_sandbox_the_first_staff_account_needs_no_person(
    user: Running, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    user.kit.settings.sandbox_url = sandbox.url
    for _ in range(2):
        await grant_staff(user.kit, [])
    granted = {UUID(line) for line in capsys.readouterr().out.split()}

    staff = await log_in_by_wechat(user, "staff")
    assert granted == {staff.account_id}
    assert staff.roles == ["staff", "user"]


async def test_without_a_sandbox_staff_must_be_named(user: Running) -> None:
    with pytest.raises(SystemExit):
        await grant_staff(user.kit, [])


async def test_the_command_rotates_the_key_of_a_file(
    user: Running, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "keys.json"
    file.write_text(user.kit.settings.token_keys_file.read_text())  # type: ignore[attr-defined]
    await rotate_token_key(user.kit, [str(file)])
    assert capsys.readouterr().out.strip() in file.read_text()
