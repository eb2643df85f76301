"""How far a carrier lies beyond its fence, as a derived point: so that rule, alarm, ladder and history are the usual.

Only a moment with a believed position of its own has a value. A moment without a fix, with a place that cannot be, or
with a jump has a reading without value, which neither raises nor clears anything.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from django.utils.translation import gettext_lazy as _

from anlan.apps.tracks.models import CarrierKind, FenceKind, System
from anlan.apps.tracks.queries.fences import holding, kept
from anlan.apps.tracks.queries.trails import to_wgs84
from anlan.kernel.sensing.derived.functions import Floats, Function, Parameter, Parameters, Series, Times, function
from anlan.kernel.sensing.models import PointKind
from anlan.science.tracks import FARTHEST_M, FINE, beyond_m, judged

#: Hours before a moment from which a jump is known as one.
BACK_H = 0.25
#: Systems of coordinates by their number among the parameters, which are numbers.
SYSTEMS = tuple(System.values)
#: Kinds of carriers, likewise; how fast each may be, the rulebook says at every moment.
KINDS = tuple(CarrierKind.values)

_PARAMETERS = (
    Parameter("fence", _("fence"), "", 1, 2_000_000_000),
    Parameter("system", _("coordinates"), "", 0, len(SYSTEMS) - 1, 0),
    Parameter("kind", _("kind of carrier"), "", 0, len(KINDS) - 1),
)


def _beyond(inputs: Sequence[Series], at: Times, p: Parameters) -> Floats:
    """Inputs: latitude, longitude."""
    fence, here, held = kept.get(round(p["fence"]))
    found = np.full(at.size, np.nan)
    if len(inputs) != 2:
        raise ValueError("a place has a latitude and a longitude")
    lat, lon = inputs
    t, at_lat, at_lon = np.intersect1d(lat.t, lon.t, return_indices=True)
    if not t.size or not at.size:
        return found
    fastest = held.fastest_km_h[KINDS[round(p["kind"])]]
    x, y = to_wgs84(SYSTEMS[round(p["system"])], lon.value[at_lon], lat.value[at_lat])
    marks, _trust = judged(np.asarray(t, np.int64), x, y, np.zeros(t.size, np.uint8), fastest)
    row = np.minimum(np.searchsorted(t, at), t.size - 1)
    fine = (t[row] == at) & (marks[row] == FINE)
    row = row[fine]
    beyond = beyond_m(x[row], y[row], here, keep_out=fence.kind == FenceKind.KEEP_OUT)
    # Outside of its hours everywhere is allowed.
    found[fine] = np.where(holding(fence, at[fine]), beyond, -FARTHEST_M)
    return found


def _function(code: str, kind: str, takes: str) -> Function:
    return Function(
        code=code,
        title=_("Distance beyond a fence"),
        formula="",
        domain=_(
            "Metres by which the carrier lies beyond what its fence allows; negative: so much is left, at most 10 km, "
            "which also stands outside of the fence's hours. No value at a moment without a position of its own that "
            "can be believed."
        ),
        source="",
        verified=True,
        kinds=(takes,),
        most=2,
        kind=kind,
        unit="m",
        digits=0,
        parameters=_PARAMETERS,
        back=lambda _p: BACK_H,
        compute=_beyond,
        arrives=True,
        every_s=60,
        own=True,
    )


FENCE = function(_function("fence", PointKind.FENCE_DISTANCE, PointKind.POSITION))
PERSON_FENCE = function(_function("person_fence", PointKind.PERSON_FENCE, PointKind.PERSON_POSITION))
