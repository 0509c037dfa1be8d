"""WeChat's login wire, as the sandbox checks it, and what its faults mean to us."""

import json
from pathlib import Path

import pytest

from services.user.clients.wechat import WechatLogin
from services.user.domain.ports import WechatCodeRefused
from shared.kit.errors import Unavailable
from shared.kit.ids import new_id
from tests.support.sandbox import Sandbox
from tests.support.service import Running


async def test_a_code_serves_once(user: Running, sandbox: Sandbox) -> None:
    wechat = WechatLogin(user.kit.http, sandbox.url, sandbox.credentials)
    code = f"sandbox-once.{new_id()}"
    assert (await wechat.openid_of(code)).startswith("o-")
    with pytest.raises(WechatCodeRefused):
        await wechat.openid_of(code)


async def test_our_own_wrong_secret_is_not_the_persons_fault(
    user: Running, sandbox: Sandbox, tmp_path: Path
) -> None:
    app = json.loads((sandbox.credentials / "wechat_app.json").read_text())
    (tmp_path / "wechat_app.json").write_text(json.dumps(app))
    (tmp_path / app["secret_file"]).write_text("wrong")
    wechat = WechatLogin(user.kit.http, sandbox.url, tmp_path)
    with pytest.raises(Unavailable):
        await wechat.openid_of(f"sandbox-x.{new_id()}")


async def test_a_silent_wechat_is_told_as_unavailable(user: Running, sandbox: Sandbox) -> None:
    wechat = WechatLogin(user.kit.http, "http://127.0.0.1:9", sandbox.credentials)
    with pytest.raises(Unavailable):
        await wechat.openid_of(f"sandbox-x.{new_id()}")
