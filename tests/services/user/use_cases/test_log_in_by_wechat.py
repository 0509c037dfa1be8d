"""Login by the code that WeChat gave the mini-program."""

import pytest

from services.user.clients.wechat import WechatLogin
from services.user.use_cases.log_in_by_wechat import log_in_by_wechat as log_in
from shared.contracts.user import UserRegistered
from shared.kit.errors import Unavailable
from shared.kit.ids import new_id
from shared.locales import Locale
from tests.services.user.people import code_of, log_in_by_wechat
from tests.support.sandbox import Sandbox
from tests.support.service import Running


async def test_wechat_logs_in_and_the_first_time_registers(user: Running) -> None:
    name = f"ling-{new_id()}"
    first, again = await log_in_by_wechat(user, name), await log_in_by_wechat(user, name)

    assert again.account_id == first.account_id
    assert len(await user.told(UserRegistered)) == 1


@pytest.mark.parametrize("code", ["nonsense", "sandbox-used.once"])
async def test_a_wrong_or_used_wechat_code_is_refused(user: Running, code: str) -> None:
    answers = [await user.http.post("/auth/login/wechat", json={"code": code}) for _ in range(2)]
    assert answers[1].status_code == 401
    assert code_of(answers[1]) == "wechat-code-refused"


async def test_without_wechat_nobody_is_registered(user: Running, sandbox: Sandbox) -> None:
    silent = WechatLogin(user.kit.http, "http://127.0.0.1:9", sandbox.credentials)
    lifetimes = user.wiring.ports["lifetimes"]
    with pytest.raises(Unavailable):
        await log_in(user.begin, silent, lifetimes, "sandbox-x.1", "token", Locale.EN)

    assert await user.told(UserRegistered) == []
    async with user.begin() as tx:
        assert await tx.run("SELECT 1 FROM accounts") == []
