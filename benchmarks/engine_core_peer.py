"""CORE in the engine over a peer: bytewax, the same conditions as a `stateful_map` that is called for each reading.

The peer runs in an environment of its own (`var/peers`, hash-locked) and a process of its own, over the first seconds
of the engine's log; both tell the same transitions there. Both run compiled code: bytewax is Rust around a Python
function, the engine numpy and numba. Goal: 50 times the peer. Printed before it: the engine on numpy alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from anlan.engine import Batch, Record, Tick, evaluate, fast, new_state
from anlan.launcher.house import House, Trouble, Voice
from anlan.launcher.setting_up import peers
from benchmarks.engine_jobs import core_rules, engine_rate, log
from benchmarks.figure import alternating, how_busy, verdict

#: bench needs: full
NAME, GOAL = "engine-core-peer", 50.0
POINTS, PEER_BATCHES, BATCHES, ROUNDS = 10_000, 21, 121, 5
PEER = Path(__file__).parent / "peers" / "core_bytewax.py"


def peer(python: Path, records: list[Record]) -> tuple[float, set[tuple[int, int, int, bool]]]:
    """Readings a CPU second of the peer after the first batch, and the transitions that it tells."""
    batches = [record for record in records if isinstance(record, Batch)]
    columns = {name: np.concatenate([getattr(batch, name) for batch in batches]) for name in ("point", "t", "value")}
    with tempfile.TemporaryDirectory(prefix="anlan-peer-") as folder:
        path = Path(folder) / "log.npz"
        np.savez(path, **columns)
        done = subprocess.run([python, PEER, path, str(batches[0].t.size)], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    return found["readings"] / found["cpu_s"], {(point, step, t, on) for point, step, t, on in found["told"]}


def main() -> int:
    """Measure and print; 1 when the figure is short."""
    try:
        python = peers(House(), Voice(), os.environ)
    except Trouble as trouble:
        print(f"{NAME} skipped: {' '.join(str(trouble).split())}")
        return 0
    fast.prepare()
    records = log(core_rules(POINTS), POINTS, POINTS, BATCHES)
    beginning = log(core_rules(POINTS), POINTS, POINTS, PEER_BATCHES)
    _, output = evaluate(new_state(), [record for record in beginning if not isinstance(record, Tick)])
    ours_told = {(one.point, one.step, one.t, one.on) for one in output.transitions}
    if peer(python, beginning)[1] != ours_told or not ours_told:
        print("the engine and the peer tell different transitions; no figure of speed has a meaning")
        return 1
    theirs, ours = alternating(
        lambda: peer(python, beginning)[0], lambda: engine_rate(records, POINTS, compiled=True), ROUNDS
    )
    plain = engine_rate(records, POINTS, compiled=False)
    print(f"on numpy alone {plain / 1e6:.2f} M/s: {plain / theirs:.1f} times the peer")
    print(f"bytewax {theirs / 1e6:.3f} M/s, engine {ours / 1e6:.2f} M/s per CPU second; {how_busy()}")
    return verdict(NAME, ours / theirs, GOAL)


if __name__ == "__main__":
    raise SystemExit(main())
