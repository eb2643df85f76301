"""What hospitals can take: the core of EDXL HAVE 1.0, beds counted by kind.

Version 2.0 has other names throughout, which are not in hand; its messages are refused by their root element. Source:
EDXL-HAVE 1.0 (OASIS, 2008).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from anlan.formats.cap.values import moment
from anlan.formats.edxl.messages import Kind, opened, sealed
from anlan.formats.findings import Finding, found
from anlan.formats.records import INTEGER, TIME, fragments, record, records, text, texts
from anlan.formats.trees import Bounds, text_of, tree_of

SPACE = "urn:oasis:names:tc:emergency:EDXL:HAVE:1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """Which hospital and where, as others write it (CIQ names and addresses, GML points)."""

    information: tuple[tuple[bytes, ...], ...] = fragments("OrganizationInformation", most=1)
    place: tuple[tuple[bytes, ...], ...] = fragments("OrganizationGeoLocation", most=1)

    @property
    def name(self) -> str | None:
        """The first name that stands in the information."""
        for part in self.information[0] if self.information else ():
            for one in tree_of(part).iter("{*}NameElement"):
                return text_of(one).strip() or None
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Beds of one kind: free ones, those there are, and those that can be had."""

    status: str | None = text("CapacityStatus", least=0)
    available: str | None = text("AvailableCount", INTEGER, least=0)
    baseline: str | None = text("BaselineCount", INTEGER, least=0)
    more_in_24_h: str | None = text("AdditionalCapacityCount24Hr", INTEGER, least=0)
    more_in_72_h: str | None = text("AdditionalCapacityCount72Hr", INTEGER, least=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beds:
    """Beds of one kind. Some senders write the counts beside the kind instead of in `Capacity`."""

    kind: str = text("BedType")
    sub_kinds: tuple[str, ...] = texts("SubCategoryBedType")
    capacity: Capacity | None = record("Capacity", Capacity, least=0, known=False)
    status: str | None = text("CapacityStatus", least=0)
    available: str | None = text("AvailableCount", INTEGER, least=0)
    baseline: str | None = text("BaselineCount", INTEGER, least=0)

    @property
    def free(self) -> int | None:
        """Free beds; None when the message does not say."""
        said = (self.capacity.available if self.capacity else None) or self.available
        return None if said is None else int(said.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class BedStatus:
    """All kinds of beds."""

    beds: tuple[Beds, ...] = records("BedCapacity", Beds, known=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hospital:
    """One hospital; what is not counted here is kept as it came."""

    organization: Organization = record("Organization", Organization, known=False)
    emergency: tuple[tuple[bytes, ...], ...] = fragments("EmergencyDepartmentStatus", most=1)
    bed_status: BedStatus | None = record("HospitalBedCapacityStatus", BedStatus, least=0, known=False)
    services: tuple[tuple[bytes, ...], ...] = fragments("ServiceCoverageStatus", most=1)
    facility: tuple[tuple[bytes, ...], ...] = fragments("HospitalFacilityStatus", most=1)
    resources: tuple[tuple[bytes, ...], ...] = fragments("HospitalResourceStatus", most=1)
    updated: str = text("LastUpdateTime", TIME)


@dataclass(frozen=True, slots=True, kw_only=True)
class HospitalStatus:
    """Hospitals, each as of its own time."""

    hospitals: tuple[Hospital, ...] = records("Hospital", Hospital, least=1, known=False)


KIND = Kind(HospitalStatus, SPACE, "have", ("HospitalStatus",), known=False)


def read(data: bytes, bounds: Bounds | None = None) -> tuple[HospitalStatus, tuple[Finding, ...]]:
    """Hospitals, and what of the message was not read. Raises BadMessage and Refused."""
    status, _root, findings = opened(KIND, data, bounds, _judge)
    return status, findings


def write(status: HospitalStatus) -> bytes:
    """The document. Raises BadMessage for one that `read` would refuse."""
    return sealed(KIND, status, "HospitalStatus", _judge)


def _judge(status: HospitalStatus) -> Iterator[Finding]:
    for number, hospital in enumerate(status.hospitals, 1):
        where = f"HospitalStatus/Hospital[{number}]"
        if moment(hospital.updated) is None and hospital.updated:
            yield found("no_time_zone", f"{where}/LastUpdateTime", value=hospital.updated[:60])
        for at, beds in enumerate(hospital.bed_status.beds if hospital.bed_status else (), 1):
            here = f"{where}/HospitalBedCapacityStatus/BedCapacity[{at}]"
            for count in (beds.available, beds.capacity.available if beds.capacity else None):
                if count is not None and count.strip().startswith("-") and count.strip().strip("-0"):
                    yield found("bad_value", f"{here}/AvailableCount", value=count[:40], kind=INTEGER)
