"""What every door does with a post before it is committed: check it, and make of it a batch for the log.

HTTP and MQTT bring the same bodies, so a device may change its door without changing what it says. What a device says
in a protocol of its own comes as readings that were mapped to points already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from anlan.engine import encode_batch
from anlan.kernel.sensing.door.binary import check_binary, is_binary
from anlan.kernel.sensing.door.bodies import TOLD, BadBody, Checked, Sender, check
from anlan.kernel.sensing.store import BACKFILL, LIVE, Columns, NewBatch, Refused
from anlan.kernel.sensing.store.rows import BATCH, TICK

#: Rows of old data may not claim to be from the future: ms ahead of the clock.
AHEAD_MS = 300_000
#: What is kept of a post that is put aside, bytes.
EXCERPT = 2_000


def batch_of(body: bytes, sender: Sender, now_ms: int) -> tuple[NewBatch, Checked]:
    """Check one post, rows or columns in JSON or binary columns, and make it ready for the log.

    now_ms  the clock, epoch ms: rows of old data may not lie ahead of it
    returns the batch, with the answer for its sender, and what the check found

    Raises BadBody for a post that is refused as a whole.
    """
    checked = check_binary(body, sender) if is_binary(body) else check(body, sender)
    _in_time(checked, now_ms)
    n, columns = len(checked.columns), checked.columns
    batch = NewBatch(
        sender.code,
        checked.batch_id,
        checked.lane,
        n,
        encode_batch(columns.point, columns.t, columns.value, columns.quality) if n else b"",
        digest_of(body),
        msgspec.json.encode(_told(checked, n)),
        arrival=_arrival(checked),
        refused=checked.refused,
        kind=BATCH if checked.rows else TICK,
        excerpt=excerpt_of(body),
    )
    return batch, checked


def batch_of_readings(
    raw: bytes, batch_id: str, sender: Sender, lane: str, columns: Columns, refused: Sequence[Refused], now_ms: int
) -> NewBatch:
    """Make readings ready for the log that another form than a post brought, each mapped to a point of its sender.

    raw      the frame as it came
    columns  readings whose times can be meant
    refused  rows that were not taken

    Raises BadBody for old data that lie in the future.
    """
    n = len(columns)
    checked = Checked(batch_id, lane, None, columns, n + len(refused), tuple(refused))
    _in_time(checked, now_ms)
    payload = encode_batch(columns.point, columns.t, columns.value, columns.quality) if n else b""
    return NewBatch(
        sender.code, batch_id, lane, n, payload, digest_of(raw), arrival=_arrival(checked), refused=checked.refused
    )


def set_aside_of(body: bytes, code: str, lane: str, error: BadBody, note: str = "") -> NewBatch:
    """The beginning of a post that was refused as a whole, for a person to see what the device sends.

    note  where it came from, when `code` does not say so
    """
    digest = digest_of(body)
    row = Refused(-1, error.field, error.code, error.why, note[:120], raw=excerpt_of(body))
    return NewBatch(code, f"body:{digest.hex()}", lane, 0, b"", digest, refused=(row,))


def digest_of(body: bytes) -> bytes:
    """Tells the content of a post from another one."""
    return hashlib.sha256(body).digest()[:16]


def excerpt_of(body: bytes) -> str:
    """The beginning of a post as text that any database takes."""
    return body[:EXCERPT].decode("utf-8", "replace").replace("\0", "")


def _in_time(checked: Checked, now_ms: int) -> None:
    """Refuse rows of old data that lie ahead of the clock: their virtual time would hide it from the engine."""
    if checked.lane != BACKFILL:
        return
    ahead = int(np.count_nonzero(checked.columns.t > now_ms + AHEAD_MS))
    if ahead:
        raise BadBody(422, "t", "future", f"{ahead} readings of old data lie in the future.")


def _arrival(checked: Checked) -> int | None:
    """None: when it is stored. In a lane of virtual time: its clock, else the newest of its readings."""
    if checked.lane == LIVE:
        return None
    if checked.clock is not None:
        return checked.clock
    return int(checked.columns.t.max()) if len(checked.columns) else None


def _told(checked: Checked, accepted: int) -> dict[str, Any]:
    """The answer to a post; the same for every repetition of it."""
    return {
        "batch_id": checked.batch_id,
        "accepted": accepted,
        "refused": [{"row": r.row, "field": r.field, "code": r.code, "why": r.why} for r in checked.refused[:TOLD]],
        "refused_total": checked.rows - accepted,
    }
