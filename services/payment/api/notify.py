"""Where channels tell us what happened. Public: the signature says who it is, nothing else does."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import JSONResponse

from services.payment.domain.payment import ChannelName
from services.payment.domain.ports import Channels, NoticeRefused
from services.payment.use_cases.hear_notice import hear_notice
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


@router.post(
    "/wechat",
    status_code=204,
    response_class=Response,
    responses={400: _FAIL},
    openapi_extra={
        "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}
    },
)
async def post_wechat(
    request: Request,
    begin: BeginDep,
    channels: Annotated[Channels, Depends(port("channels"))],
) -> Response:
    """WeChat Pay tells of a payment or a refund.

    The raw bytes are verified before anything else. 204 means that the notice is kept; the same one
    again changes nothing.
    """
    body = await request.body()
    try:
        notice = await channels[ChannelName.WECHAT].read_notice(request.headers, body)
        async with begin() as tx:
            await hear_notice(tx, ChannelName.WECHAT, notice)
    except NoticeRefused:
        return JSONResponse({"code": "FAIL", "message": "refused"}, 400)
    return Response(status_code=204)
