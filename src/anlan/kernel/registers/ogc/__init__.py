"""Registers as OGC API – Features, Part 1 (Core, GeoJSON, OpenAPI) and Part 3 (filters in CQL2), for map programs.

Each register that is open to the asker is a collection; scope and masks are those of its list. Reading only: records
are changed by the JSON API. Sources: OGC 17-069r4, OGC 19-079r2, OGC 21-065r2.
"""
