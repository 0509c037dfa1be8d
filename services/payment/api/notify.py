"""Where channels tell us what happened. Public: the signature says who it is, nothing else does."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import JSONResponse

from services.payment.domain.payment import ChannelName
from services.payment.domain.ports import Channels, ChannelUnavailable, NoticeRefused
from services.payment.use_cases.hear_notice import hear_notice
from shared.kit.log import get_logger
from shared.kit.web import BeginDep, port

router = APIRouter(prefix="/payments/notify", tags=["payments"])

_FAIL = {
    "description": "Not the channel's word about a payment of ours; nothing has changed.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {"code": {"const": "FAIL"}, "message": {"type": "string"}},
            },
            "example": {"code": "FAIL", "message": "refused"},
        }
    },
}

_LATE = {**_FAIL, "description": "Not heard in time; send it again."}

log = get_logger(__name__)


@router.post(
    "/wechat",
    status_code=204,
    response_class=Response,
    responses={400: _FAIL, 503: _LATE},
    openapi_extra={
        "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}
    },
)
async def post_wechat(
    request: Request,
    begin: BeginDep,
    channels: Annotated[Channels, Depends(port("channels"))],
    seconds_max: Annotated[float, Depends(port("notice_seconds_max"))],
) -> Response:
    """WeChat Pay tells of a payment or a refund.

    The raw bytes are verified before anything else. 204 means that the notice is kept; the same one
    again changes nothing. What takes too long is given up and answered 503, which makes it come
    again: the network hangs up after some seconds and would not know.
    """
    body = await request.body()
    try:
        async with asyncio.timeout(seconds_max):
            notice = await channels[ChannelName.WECHAT].read_notice(request.headers, body)
            async with begin() as tx:
                await hear_notice(tx, ChannelName.WECHAT, notice)
    except NoticeRefused:
        return JSONResponse({"code": "FAIL", "message": "refused"}, 400)
    except (TimeoutError, ChannelUnavailable):
        log.warning("wechat_pay.notice_late", seconds_max=seconds_max)
        return JSONResponse({"code": "FAIL", "message": "busy"}, 503)
    return Response(status_code=204)
