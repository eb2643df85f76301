"""What can be asked of a device over TCP, and how far a command is: words that the records and the gateway share.

Without Django: the gateway reads and writes them by plain SQL.
"""

from __future__ import annotations

from collections.abc import Mapping

from anlan.kernel.sensing.door.links import HJ212, JT808, SL651

#: Kinds of command. The arguments of each, as they are kept:
#:   history  from_ms, to_ms: epoch ms; HJ 212 `of`: the command that asks for it; SL 651 `element`, `step_min`
#:   track    every_s, for_s;  text  words, urgent
SET_CLOCK, READ_CLOCK, HISTORY = "set_clock", "read_clock", "history"
LOCATE, TRACK, TEXT = "locate", "track", "text"
KINDS: Mapping[str, tuple[str, ...]] = {
    HJ212: (SET_CLOCK, READ_CLOCK, HISTORY),
    SL651: (SET_CLOCK, HISTORY),
    JT808: (LOCATE, TRACK, TEXT),
}
#: How far it is: waits for its device; sent; taken up by the device; carried out; refused by it or failed there;
#: no (last) answer in time; not connected in time; taken back by a person before it was sent.
WAITING, SENT, ACCEPTED, DONE = "waiting", "sent", "accepted", "done"
REFUSED, NO_ANSWER, EXPIRED, WITHDRAWN = "refused", "no_answer", "expired", "withdrawn"
OPEN = (WAITING, SENT, ACCEPTED)
