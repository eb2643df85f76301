"""What is fetched from outside: the sources, what each fetch brought, and the things themselves."""

from anlan.apps.outside.models.feed import Feed, Fetch, Kind
from anlan.apps.outside.models.hotspot import Confidence, Hotspot
from anlan.apps.outside.models.quake import Quake, Revision

__all__ = ["Confidence", "Feed", "Fetch", "Hotspot", "Kind", "Quake", "Revision"]
