"""The registers of sites, a module a family; importing it declares them all."""

from anlan.apps.sites.declarations.cameras import CAMERAS
from anlan.apps.sites.declarations.enterprises import CONTACTS, ENTERPRISES, LICENCES
from anlan.apps.sites.declarations.hazards import FIRE_HAZARDS, FLOOD_HAZARDS, GEO_HAZARDS
from anlan.apps.sites.declarations.lifelines import BRIDGES, LINES, ROADS, UTILITIES
from anlan.apps.sites.declarations.major_hazards import MAJOR_HAZARDS
from anlan.apps.sites.declarations.mines import MINES, TAILINGS_PONDS
from anlan.apps.sites.declarations.places import CROWDED_PLACES, HOSPITALS, SCHOOLS
from anlan.apps.sites.declarations.plants import CHEMICALS, UNITS
from anlan.apps.sites.declarations.stations import STATIONS
from anlan.apps.sites.declarations.trades import FILLING_STATIONS, FIREWORKS_SHOPS
from anlan.apps.sites.declarations.workplaces import AMMONIA_SYSTEMS, CONFINED_SPACES, DUST_SITES, METAL_FURNACES

__all__ = [
    "AMMONIA_SYSTEMS", "BRIDGES", "CAMERAS", "CHEMICALS", "CONFINED_SPACES", "CONTACTS", "CROWDED_PLACES",
    "DUST_SITES", "ENTERPRISES", "FILLING_STATIONS", "FIREWORKS_SHOPS", "FIRE_HAZARDS", "FLOOD_HAZARDS",
    "GEO_HAZARDS", "HOSPITALS", "LICENCES", "LINES", "MAJOR_HAZARDS", "METAL_FURNACES", "MINES", "ROADS", "SCHOOLS",
    "STATIONS", "TAILINGS_PONDS", "UNITS", "UTILITIES",
]  # fmt: skip
