"""Log in by phone or WeChat, stay logged in, log out."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel, Field

from services.user.api.bodies import Body, LocaleDep
from services.user.domain.login_code import (
    DIGITS,
    CodeRules,
    LoginCodeOver,
    LoginCodeWrong,
    PhoneUnreachable,
    TooManyCodes,
)
from services.user.domain.phone import LENGTH_MAX, PhoneInvalid, e164
from services.user.domain.ports import AccessTokens, Entropy, Sms, Wechat, WechatCodeRefused
from services.user.domain.session import (
    REFRESH_TOKEN_MAX,
    Lifetimes,
    OpenedSession,
    RefreshTokenRefused,
    RefreshTokenReused,
)
from services.user.use_cases.log_in_by_phone import log_in_by_phone
from services.user.use_cases.log_in_by_wechat import log_in_by_wechat
from services.user.use_cases.log_out import log_out
from services.user.use_cases.refresh_session import refresh_session
from services.user.use_cases.request_login_code import request_login_code
from shared.contracts.ids import AccountId
from shared.kit.caller import Role
from shared.kit.errors import Problem, Unavailable
from shared.kit.web import BeginDep, port, problems
from shared.locales import Locale

router = APIRouter(prefix="/auth", tags=["auth"])

TokensDep = Annotated[AccessTokens, Depends(port("access_tokens"))]
EntropyDep = Annotated[Entropy, Depends(port("entropy"))]
RulesDep = Annotated[CodeRules, Depends(port("code_rules"))]
LifetimesDep = Annotated[Lifetimes, Depends(port("lifetimes"))]
Phone = Annotated[str, Field(max_length=LENGTH_MAX, examples=["+852 6123 4567"])]
RefreshToken = Annotated[str, Field(min_length=1, max_length=REFRESH_TOKEN_MAX)]


class CodeRequest(Body):
    """Who wants to log in: a mobile number of Hong Kong or mainland China."""

    phone: Phone


class CodeRequestView(BaseModel):
    """The code is bound to this request: send the id back with it."""

    request_id: UUID
    expires_in: int = Field(description="Seconds until the code is over.")


class PhoneLogin(Body):
    """The code that came, with the request and phone it belongs to."""

    request_id: UUID
    phone: Phone
    code: str = Field(pattern=rf"^[0-9]{{{DIGITS}}}$", max_length=DIGITS)


class WechatLogin(Body):
    """What ``wx.login`` gave the mini-program."""

    code: str = Field(min_length=1, max_length=128)


class RefreshRequest(Body):
    """The newest refresh token of this device."""

    refresh_token: RefreshToken


class TokensView(BaseModel):
    """A way in: the access token for the header, the refresh token for the next one."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int = Field(description="Seconds until the access token is over.")
    refresh_token: str = Field(description="Serves once, at `POST /auth/refresh`.")
    account_id: AccountId
    roles: list[Role]


async def _client_address(
    request: Request, x_client_ip: Annotated[str, Header(max_length=64)] = ""
) -> str:
    """Who asks, as the gateway saw it; without a gateway, whoever is connected."""
    return x_client_ip or (request.client.host if request.client else "")


@router.post("/otp", responses=problems(PhoneInvalid, PhoneUnreachable, TooManyCodes, Unavailable))
async def post_otp(
    body: CodeRequest,
    begin: BeginDep,
    sms: Annotated[Sms, Depends(port("sms"))],
    entropy: EntropyDep,
    rules: RulesDep,
    client_address: Annotated[str, Depends(_client_address)],
    asked: LocaleDep,
) -> CodeRequestView:
    """Send a six-digit code to a phone. The answer is the same whether or not we know the phone.

    At most one a minute, five an hour and ten a day for a phone, and twenty an hour for a network
    address; the code is good for ten minutes and five tries.
    """
    request_id = await request_login_code(
        begin,
        sms,
        rules,
        entropy.login_code(),
        e164(body.phone),
        client_address,
        asked or Locale.ZH_HK,
    )
    return CodeRequestView(request_id=request_id, expires_in=rules.seconds)


@router.post("/login/phone", responses=problems(PhoneInvalid, LoginCodeWrong, LoginCodeOver))
async def post_login_phone(
    body: PhoneLogin,
    begin: BeginDep,
    entropy: EntropyDep,
    rules: RulesDep,
    lifetimes: LifetimesDep,
    tokens: TokensDep,
    asked: LocaleDep,
) -> TokensView:
    """Log in with the code that came by SMS. The first login opens an account."""
    phone, next_token = e164(body.phone), entropy.refresh_token()
    async with begin() as tx:
        outcome = await log_in_by_phone(
            tx,
            rules,
            lifetimes,
            body.request_id,
            phone,
            body.code,
            next_token,
            asked or Locale.ZH_HK,
        )
    return _view(outcome, tokens)


@router.post("/login/wechat", responses=problems(WechatCodeRefused, Unavailable))
async def post_login_wechat(
    body: WechatLogin,
    begin: BeginDep,
    wechat: Annotated[Wechat, Depends(port("wechat"))],
    entropy: EntropyDep,
    lifetimes: LifetimesDep,
    tokens: TokensDep,
    asked: LocaleDep,
) -> TokensView:
    """Log in with the code of `wx.login`. The first login opens an account."""
    opened = await log_in_by_wechat(
        begin, wechat, lifetimes, body.code, entropy.refresh_token(), asked or Locale.ZH_HK
    )
    return _view(opened, tokens)


@router.post("/refresh", responses=problems(RefreshTokenRefused, RefreshTokenReused))
async def post_refresh(
    body: RefreshRequest,
    begin: BeginDep,
    entropy: EntropyDep,
    lifetimes: LifetimesDep,
    tokens: TokensDep,
) -> TokensView:
    """Change the refresh token for fresh tokens, with the roles as they are now.

    A refresh token serves once. Whoever sends one a second time ends the session for everybody who
    holds a token of it: one of the two has stolen it.
    """
    next_token = entropy.refresh_token()
    async with begin() as tx:
        outcome = await refresh_session(tx, lifetimes, body.refresh_token, next_token)
    return _view(outcome, tokens)


@router.post("/logout", status_code=204)
async def post_logout(body: RefreshRequest, begin: BeginDep) -> None:
    """End the session of this refresh token. The access token still serves for its minutes."""
    async with begin() as tx:
        await log_out(tx, body.refresh_token)


def _view(outcome: OpenedSession | Problem, tokens: AccessTokens) -> TokensView:
    """The tokens of an opened session; a refusal is raised now that what it changed is kept."""
    if isinstance(outcome, Problem):
        raise outcome
    account_id, roles = outcome.account_id, outcome.roles
    return TokensView(
        access_token=tokens.sign(account_id, roles, outcome.session_id, outcome.at),
        expires_in=tokens.ttl_seconds,
        refresh_token=outcome.refresh_token,
        account_id=account_id,
        roles=sorted(roles),
    )
