"""The bodies WeChat Pay takes on its Hong Kong wire, and its word about a wrong one."""

from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deploy.sandbox.wechat_wire import Refused

TradeNo = Annotated[str, Field(pattern=r"^[0-9A-Za-z_\-|*]{6,32}$")]
RefundNo = Annotated[str, Field(pattern=r"^[0-9A-Za-z_\-|*@]{1,64}$")]
Url = Annotated[str, Field(pattern=r"^https?://[^?#\s]+$", max_length=256)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Body = TypeVar("Body", bound="Foreign")


class Foreign(BaseModel):
    """A body of the network: strict types, unknown fields ignored as the network does."""

    model_config = ConfigDict(strict=True)


class Payer(Foreign):
    """Who pays."""

    openid: str = Field(min_length=1, max_length=128)


class TradeAmount(Foreign):
    """What is paid."""

    total: int = Field(ge=1, le=10_000_000_000)
    currency: Literal["HKD"] = "HKD"


class TradeBody(Foreign):
    """POST /v3/global/transactions/jsapi."""

    appid: str = Field(min_length=1, max_length=32)
    mchid: str = Field(min_length=1, max_length=32)
    description: str = Field(min_length=1, max_length=127)
    out_trade_no: TradeNo
    notify_url: Url
    trade_type: Literal["JSAPI"]
    merchant_category_code: str = Field(pattern=r"^\d{4}$")
    attach: str = Field(default="", max_length=127)
    time_expire: str | None = None
    payer: Payer
    amount: TradeAmount


class CloseBody(Foreign):
    """POST /v3/global/transactions/out-trade-no/{no}/close."""

    mchid: str = Field(min_length=1, max_length=32)


class RefundAmount(Foreign):
    """What goes back, of what was paid."""

    refund: int = Field(ge=1)
    total: int = Field(ge=1)
    currency: Currency


class RefundBody(Foreign):
    """POST /v3/global/refunds."""

    appid: str = Field(min_length=1, max_length=32)
    mchid: str = Field(min_length=1, max_length=32)
    transaction_id: str | None = Field(default=None, min_length=1, max_length=32)
    out_trade_no: TradeNo | None = None
    out_refund_no: RefundNo
    reason: str = Field(default="", max_length=80)
    notify_url: Url | None = None
    amount: RefundAmount


def parsed(model: type[Body], raw: bytes) -> Body:
    """The body, or the network's word about the first field that is wrong."""
    try:
        return model.model_validate_json(raw)
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_context=False)[0]
        name = "/body/" + "/".join(str(part) for part in first["loc"])
        value, issue = repr(first["input"])[:120], first["msg"]
        raise Refused(
            "PARAM_ERROR", "参数错误", field=name, value=value, issue=issue, location="body"
        ) from None
