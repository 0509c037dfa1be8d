"""The user service, wired."""

from services.user.api import addresses, auth, keys, messages, profile
from services.user.clients.entropy import SystemEntropy
from services.user.clients.sms import TwilioSms
from services.user.clients.token_keys import TokenKeys
from services.user.clients.wechat import WechatLogin
from services.user.events import handlers as handlers  # Reading it registers the handlers.
from services.user.events.timers import timers
from services.user.settings import Settings
from shared.kit.runtime import Kit, Wiring
from shared.tokens import UserTokens

DESCRIPTION = """
Accounts, logins, profiles, addresses and messages.

Log in with `POST /auth/otp` and `POST /auth/login/phone`, or with `POST /auth/login/wechat`. Send
the access token as `Authorization: Bearer …`; change the refresh token for the next pair at
`POST /auth/refresh`, each of them once.
"""


def build(settings: Settings, kit: Kit) -> Wiring:
    """All wiring of the user service."""
    access_tokens = TokenKeys(settings.token_keys_file, settings.access_token_seconds)
    # Our own file may be asked at any time; who asks over HTTP waits between two attempts.
    kit.user_tokens = UserTokens(access_tokens.published, refetch_seconds=0)
    return Wiring(
        description=DESCRIPTION,
        routers=[
            auth.router,
            profile.router,
            addresses.router,
            addresses.internal,
            messages.router,
            keys.router,
        ],
        timers=timers(),
        ports={
            "access_tokens": access_tokens,
            "code_rules": settings.code_rules,
            "entropy": SystemEntropy(),
            "lifetimes": settings.lifetimes,
            "sms": TwilioSms(kit.http, settings.sms_url, settings.credentials_dir),
            "wechat": WechatLogin(kit.http, settings.wechat_api_url, settings.credentials_dir),
        },
    )
