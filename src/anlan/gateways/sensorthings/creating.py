"""An observation that a device published, as a batch for the log; what cannot be taken waits for a person, as sent."""

from __future__ import annotations

from dataclasses import replace

from anlan.formats.faults import Refused as BadBytes
from anlan.formats.findings import SENTENCES, BadMessage
from anlan.gateways.sensorthings.topics import Creation
from anlan.kernel.sensing.door.bodies import BadBody, Sender
from anlan.kernel.sensing.door.taking import excerpt_of, set_aside_of
from anlan.kernel.sensing.observed.batches import Part, batch_of_observations, why_not
from anlan.kernel.sensing.observed.single import datastream_of, observation_of, row_of
from anlan.kernel.sensing.store import LIVE, NewBatch


def batch_of_observation(body: bytes, creation: Creation, sender: Sender, now_ms: int) -> NewBatch:
    """The batch of a message: its reading, or the beginning of it set aside with the reason.

    sender  the device that the topic names; it reaches its own datastreams only
    now_ms  the time of an observation that does not say its own
    """
    try:
        entity = observation_of(body, given=creation.datastream is not None)
    except BadMessage as bad:
        field = ", ".join(dict.fromkeys(one.where.rpartition("/")[2] for one in bad.findings))[:40]
        why = "; ".join(SENTENCES.get(one.code, one.code).format(**one.args) for one in bad.findings)[:300]
        return set_aside_of(body, sender.code, sender.lane, BadBody(422, field, "observation", why))
    except BadBytes as bad:
        # The words for bytes that are no JSON are those of the other doors.
        return set_aside_of(body, sender.code, sender.lane, BadBody(422, "body", bad.code, str(bad)[:300]))
    named = creation.datastream if creation.datastream is not None else datastream_of(entity)
    point = sender.points.get(named) if isinstance(named, int) and not isinstance(named, bool) else None
    if point is None or sender.lane != LIVE:
        why = why_not("Datastream")
        note = "" if named is None else str(named)
        return set_aside_of(body, sender.code, sender.lane, BadBody(403, "Datastream", "Datastream", why), note)
    batch = batch_of_observations(sender.code, sender.lane, [Part(point, str(point), row_of(entity, point, now_ms))])
    return replace(batch, refused=tuple(replace(one, raw=excerpt_of(body)) for one in batch.refused))
