"""A message carrier on Twilio's Messages wire, and the phone on which the messages can be read."""

import base64
import binascii
import re
import secrets
import sqlite3
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request, Response

from deploy.sandbox.clock import Clock
from deploy.sandbox.faults import told
from deploy.sandbox.keys import Keys
from deploy.sandbox.store import Store

E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
BODY_MAX = 1600
VERSION = "2010-04-01"


class CarrierRefused(Exception):
    """A refusal in the carrier's shape."""

    def __init__(self, http_status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.body = {
            "code": code,
            "message": message,
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": http_status,
        }


def router(store: Store, clock: Clock, keys: Keys) -> APIRouter:
    """Send, and read what arrived."""
    routes = APIRouter()
    account = keys.credential("sms")
    token = keys.secret(account["auth_token_file"]).decode()

    @routes.post("/2010-04-01/Accounts/{sid}/Messages.json")
    async def send(request: Request, sid: str) -> Response:
        """Take a message in for delivery."""
        try:
            authenticate(request, account["account_sid"], token, sid)
            recipient, body = checked(await request.body(), account["from"])
        except CarrierRefused as refused:
            return told(refused.body, refused.http_status)
        message_sid, now = "SM" + secrets.token_hex(16), clock.now()
        row = (message_sid, recipient, account["from"], body, now)
        await store.run(lambda db: keep(db, row))
        return told(message_view(row, account["account_sid"]), 201)

    @routes.get("/__sandbox/sms")
    async def arrived(
        to: Annotated[str, Query(max_length=20)], after: Annotated[int, Query(ge=0)] = 0
    ) -> Any:
        """Messages to a number, oldest first; `after` is the seq of the last one known."""
        number = "+" + to.strip().lstrip("+")
        return {"messages": await store.run(lambda db: read(db, number, after))}

    return routes


def authenticate(request: Request, account_sid: str, token: str, sid: str) -> None:
    """Basic authentication by account and token."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    try:
        pair = base64.b64decode(given, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        pair = ""
    right = secrets.compare_digest(pair.encode(), f"{account_sid}:{token}".encode())
    if scheme.lower() != "basic" or not right:
        raise CarrierRefused(401, 20003, "Authenticate")
    if sid != account_sid:
        message = f"The requested resource /{VERSION}/Accounts/{sid}/Messages.json was not found"
        raise CarrierRefused(404, 20404, message)


def checked(raw: bytes, sender: str) -> tuple[str, str]:
    """Recipient and text of a form, or the carrier's word about what is wrong."""
    try:
        form = parse_qs(raw.decode(), keep_blank_values=True, max_num_fields=50)
    except (UnicodeDecodeError, ValueError):
        form = {}
    recipient, given_sender, body = (form.get(key, [""])[0] for key in ("To", "From", "Body"))
    if not recipient:
        raise CarrierRefused(400, 21604, "A 'To' phone number is required.")
    if not E164.fullmatch(recipient):
        raise CarrierRefused(400, 21211, f"Invalid 'To' Phone Number: {recipient[:6]}XXXX")
    if not given_sender:
        raise CarrierRefused(400, 21603, "A 'From' phone number is required.")
    if given_sender != sender:
        message = "The 'From' number is not a valid, SMS-capable number of your account."
        raise CarrierRefused(400, 21606, message)
    if not body:
        raise CarrierRefused(400, 21602, "Message body is required.")
    if len(body) > BODY_MAX:
        message = "The concatenated message body exceeds the 1600 character limit."
        raise CarrierRefused(400, 21617, message)
    return recipient, body


def keep(db: sqlite3.Connection, row: tuple[str, str, str, str, float]) -> None:
    """Deliver a message to the phone."""
    insert = "INSERT INTO messages (sid, recipient, sender, body, sent_at) VALUES (?, ?, ?, ?, ?)"
    db.execute(insert, row)


def read(db: sqlite3.Connection, number: str, after: int) -> list[dict[str, Any]]:
    """What a phone received since a message known."""
    query = "SELECT * FROM messages WHERE recipient = ? AND seq > ? ORDER BY seq LIMIT 1000"
    return [
        {
            "seq": row["seq"],
            "sid": row["sid"],
            "to": row["recipient"],
            "from": row["sender"],
            "body": row["body"],
            "sent_at": datetime.fromtimestamp(row["sent_at"], UTC).isoformat(),
        }
        for row in db.execute(query, (number, after))
    ]


def message_view(row: tuple[str, str, str, str, float], account_sid: str) -> dict[str, Any]:
    """A message as the carrier answers it."""
    sid, recipient, sender, body, sent_at = row
    at = format_datetime(datetime.fromtimestamp(int(sent_at), UTC))
    uri = f"/{VERSION}/Accounts/{account_sid}/Messages/{sid}"
    return {
        "account_sid": account_sid,
        "api_version": VERSION,
        "body": body,
        "date_created": at,
        "date_sent": None,
        "date_updated": at,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": sender,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": str(-(-len(body) // 70)),
        "price": None,
        "price_unit": "USD",
        "sid": sid,
        "status": "queued",
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": recipient,
        "uri": f"{uri}.json",
    }
