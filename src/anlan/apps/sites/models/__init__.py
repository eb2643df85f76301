"""What the registers of sites keep, a module a family."""

from anlan.apps.sites.models.cameras import Camera, Check, CheckList, Condition, Lookers, Protocol, Watches
from anlan.apps.sites.models.enterprises import Contact, Enterprise, Licence, LicenceKind, Sector
from anlan.apps.sites.models.hazards import (
    Finding,
    FireHazard,
    FireKind,
    FloodHazard,
    FloodKind,
    GeoHazard,
    GeoKind,
    Grade,
    Patrol,
    Stability,
    Trigger,
)
from anlan.apps.sites.models.lifelines import (
    Bridge,
    BridgeGrade,
    DesignLoad,
    LifelineRun,
    LineKind,
    RoadRank,
    RoadSection,
    Utility,
    UtilityKind,
)
from anlan.apps.sites.models.major_hazards import Assessment, Cause, MajorHazard, Standing
from anlan.apps.sites.models.mines import Mine, TailingsPond
from anlan.apps.sites.models.places import (
    CrowdedKind,
    CrowdedPlace,
    FireGrade,
    Hospital,
    HospitalKind,
    HospitalLevel,
    School,
    SchoolKind,
)
from anlan.apps.sites.models.plants import Chemical, Unit
from anlan.apps.sites.models.site import FormerSite
from anlan.apps.sites.models.stations import Element, Station, StationKind
from anlan.apps.sites.models.trades import FillingStation, FireworksShop
from anlan.apps.sites.models.workplaces import AmmoniaSystem, ConfinedSpace, DustSite, MetalFurnace

__all__ = [
    "AmmoniaSystem", "Assessment", "Bridge", "BridgeGrade", "Camera", "Cause", "Check", "CheckList", "Chemical",
    "Condition", "ConfinedSpace", "Contact", "CrowdedKind", "CrowdedPlace", "DesignLoad", "DustSite", "Element",
    "Enterprise", "FillingStation", "Finding", "FireGrade", "FireHazard", "FireKind", "FireworksShop", "FloodHazard",
    "FloodKind", "FormerSite", "GeoHazard", "GeoKind", "Grade", "Hospital", "HospitalKind", "HospitalLevel",
    "Licence", "LicenceKind", "LifelineRun", "LineKind", "Lookers", "MajorHazard", "MetalFurnace", "Mine", "Patrol",
    "Protocol", "RoadRank", "RoadSection", "School", "SchoolKind", "Sector", "Stability", "Standing", "Station",
    "StationKind", "TailingsPond", "Trigger", "Unit", "Utility", "UtilityKind", "Watches",
]  # fmt: skip
