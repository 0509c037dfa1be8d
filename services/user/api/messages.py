"""One's own message centre: two boxes, unread counts, each message in the reader's language."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.user.api.bodies import PAGE_DEFAULT, Body, LocaleDep, PageSize
from services.user.domain.account import AccountNotFound
from services.user.domain.message import Box, MessageId, MessageNotFound
from services.user.domain.message_texts import render
from services.user.storage.accounts import account_of
from services.user.storage.messages import Message, messages_of, unread_of
from services.user.use_cases.read_all_messages import read_all_messages
from services.user.use_cases.read_message import read_message
from shared.contracts.ids import OrderId
from shared.kit.web import BeginDep, ReadDep, UserCaller, problems
from shared.locales import Locale

router = APIRouter(prefix="/me/messages", tags=["messages"])


class MessageView(BaseModel):
    """A message as its recipient reads it."""

    message_id: MessageId
    box: Box
    kind: str = Field(examples=["order.assigned"])
    title: str
    body: str
    order_id: OrderId | None = Field(description="The order it is about, to open from here.")
    happened_at: datetime
    read: bool


class UnreadView(BaseModel):
    """How many messages wait unread in each box."""

    system: int
    service: int


class MessagePage(BaseModel):
    """Some of the messages; ``next_cursor`` asks for those after them."""

    items: list[MessageView]
    next_cursor: MessageId | None
    unread: UnreadView


class ReadAll(Body):
    """Which messages have been read; nothing given means all."""

    box: Box | None = None
    up_to: MessageId | None = Field(None, description="The newest one that was on the screen.")


@router.get("", responses=problems(AccountNotFound))
async def get_messages(
    caller: UserCaller,
    read: ReadDep,
    asked: LocaleDep,
    box: Box | None = None,
    cursor: MessageId | None = None,
    limit: PageSize = PAGE_DEFAULT,
) -> MessagePage:
    """Your messages, newest first, in the language you ask for, else in that of your profile."""
    async with read() as tx:
        locale = asked or (await account_of(tx, caller)).locale
        found = await messages_of(tx, caller, box, cursor, limit)
        unread = await unread_of(tx, caller)
    return MessagePage(
        items=[_view(message, locale) for message in found],
        next_cursor=found[-1].id if len(found) == limit else None,
        unread=_unread_view(unread),
    )


@router.get("/unread")
async def get_unread(caller: UserCaller, read: ReadDep) -> UnreadView:
    """How many messages you have not read, by box."""
    async with read() as tx:
        return _unread_view(await unread_of(tx, caller))


@router.post("/read-all")
async def post_read_all(body: ReadAll, caller: UserCaller, begin: BeginDep) -> UnreadView:
    """Mark all as read, of one box or of both. What has come since `up_to` stays unread."""
    async with begin() as tx:
        await read_all_messages(tx, caller, body.box, body.up_to)
        return _unread_view(await unread_of(tx, caller))


@router.post("/{message_id}/read", responses=problems(MessageNotFound))
async def post_read(message_id: MessageId, caller: UserCaller, begin: BeginDep) -> UnreadView:
    """Mark one as read; a second time changes nothing."""
    async with begin() as tx:
        await read_message(tx, caller, message_id)
        return _unread_view(await unread_of(tx, caller))


def _view(message: Message, locale: Locale) -> MessageView:
    title, body = render(message.kind, message.facts, locale)
    return MessageView(
        message_id=message.id,
        box=message.box,
        kind=message.kind,
        title=title,
        body=body,
        order_id=message.order_id,
        happened_at=message.happened_at,
        read=message.read_at is not None,
    )


def _unread_view(unread: dict[Box, int]) -> UnreadView:
    return UnreadView(system=unread[Box.SYSTEM], service=unread[Box.SERVICE])
