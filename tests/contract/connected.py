"""What of connectors is planted for an erasure, and what stays of it."""

from __future__ import annotations

import json

from sqlalchemy import Connection, insert

from loyalty_core.domain.connections import MessageState
from loyalty_core.ports.connectors import ActionRecord, MessageRecord
from loyalty_core.storage.actions import action_row
from loyalty_core.storage.connector_tables import action, message
from loyalty_core.storage.inbox import message_row
from tests.toy import START

KEPT_OF_CONNECTORS = {
    "loyalty_message.connector": "a plugin's",
    "loyalty_message.state": "ours",
    "loyalty_message.code": "of an error",
    "loyalty_connector.connector": "a plugin's",
    "loyalty_connector.cursor": "a place in a list",
    "loyalty_connector.found": "counts, and the shop's own numbers of orders",
    "loyalty_connector.disabled_for": "about the shop",
    "loyalty_action.connector": "a plugin's",
    "loyalty_action.kind": "ours",
    "loyalty_action.about": "a reward or an event",
    "loyalty_action.state": "ours",
    "loyalty_action.code": "until it is dropped at the shop",
    "loyalty_action.error_code": "of an error",
}


def plant_action(connection: Connection, member: str, mark: str) -> None:
    """An action about a member that failed."""
    made = ActionRecord(
        connector="stall.main",
        kind="member",
        subject=member,
        member_id=member,
        about="member",
        created_at=START,
        error=mark,
    )
    connection.execute(insert(action).values(action_row(made, "shop")))


def plant_message(connection: Connection, mark: str) -> None:
    """Messages that could not be taken in, the identity written in several ways; and another's."""
    mail = f"{mark}@example.org"
    bodies = [
        json.dumps({"email": mail.upper()}).encode(),
        json.dumps({"email": mail}).replace("@", "\\u0040").replace("z", "\\u007a").encode(),
        json.dumps({"email": mail}).encode()[:-2],
    ]
    for number, body in enumerate([*bodies, b'{"email": "bob@example.org"}']):
        mine = mark if number < len(bodies) else "other"
        made = MessageRecord(
            id=f"00000000-0000-7000-8000-00000000000{number}",
            connector="stall.main",
            key=f"{mine} {number}",
            topic=mine,
            about={"header": mine},
            body=body,
            size=len(body),
            received_at=START,
            state=MessageState.DEAD,
            error=mine,
            ended_at=START,
        )
        connection.execute(insert(message).values(message_row(made, "shop")))
