"""Filters that OGC 21-065r2 itself gives: examples of its clauses and predicates of its abstract test suite (annex A).

Names and values are facts of the standard. What we do not know (functions, arithmetic, arrays, ACCENTI) is in REFUSED.
"""

from __future__ import annotations

#: Clauses 6 and 7, with their JSON where they have one.
PAIRS = [
    ("city='Toronto'", {"op": "=", "args": [{"property": "city"}, "Toronto"]}),
    ("updated >= date('1970-01-01')", {"op": ">=", "args": [{"property": "updated"}, {"date": "1970-01-01"}]}),
    ("geometry IS NOT NULL", {"op": "not", "args": [{"op": "isNull", "args": [{"property": "geometry"}]}]}),
    ("name LIKE 'Smith%' ", {"op": "like", "args": [{"property": "name"}, "Smith%"]}),
    ("depth BETWEEN 100.0 and 150.0", {"op": "between", "args": [{"property": "depth"}, 100.0, 150.0]}),
    (
        "cityName IN ('Toronto','Frankfurt','Tokyo','New York')",
        {"op": "in", "args": [{"property": "cityName"}, ["Toronto", "Frankfurt", "Tokyo", "New York"]]},
    ),
    (
        "category NOT IN (1,2,3,4)",
        {"op": "not", "args": [{"op": "in", "args": [{"property": "category"}, [1, 2, 3, 4]]}]},
    ),
    (
        "CASEI(road_class) IN (CASEI('Οδος'),CASEI('Straße'))",
        {"op": "in", "args": [
            {"op": "casei", "args": [{"property": "road_class"}]},
            [{"op": "casei", "args": ["Οδος"]}, {"op": "casei", "args": ["Straße"]}],
        ]},
    ),
    (
        "S_INTERSECTS(geometry,POLYGON((36.319836 32.288087,36.320041 32.288032,36.320210 32.288402,"
        "36.320008 32.288458,36.319836 32.288087)))",
        {"op": "s_intersects", "args": [
            {"property": "geometry"},
            {"type": "Polygon", "coordinates": [[
                [36.319836, 32.288087], [36.320041, 32.288032], [36.320210, 32.288402], [36.320008, 32.288458],
                [36.319836, 32.288087],
            ]]},
        ]},
    ),
    (
        "T_DURING(INTERVAL(touchdown, liftOff), INTERVAL('1969-07-16T13:32:00Z', '1969-07-24T16:50:35Z'))",
        {"op": "t_during", "args": [
            {"interval": [{"property": "touchdown"}, {"property": "liftOff"}]},
            {"interval": ["1969-07-16T13:32:00Z", "1969-07-24T16:50:35Z"]},
        ]},
    ),
    (
        "T_INTERSECTS(event_date, INTERVAL('1969-07-16T05:32:00Z', '1969-07-24T16:50:35Z'))",
        {"op": "t_intersects", "args": [
            {"property": "event_date"}, {"interval": ["1969-07-16T05:32:00Z", "1969-07-24T16:50:35Z"]},
        ]},
    ),
    (
        "T_BEFORE(built, DATE('2015-01-01'))",
        {"op": "t_before", "args": [{"property": "built"}, {"date": "2015-01-01"}]},
    ),
]  # fmt: skip

#: Annex A, with a queryable for {queryable}; their order is that of the conformance classes.
PREDICATES = """
    NAME='Luxembourg' | NAME>='Luxembourg' | NAME<>'Luxembourg' | POP_EST<=37589262 | POP_EST<37589262
    name IS NOT NULL | name IS NULL | name='København' | name<>'København' | "date" IS NOT NULL
    "date">=DATE('2022-04-16') | start<>TIMESTAMP('2022-04-16T10:13:19Z') | boolean=true | boolean=false | true | false
    q = 3.14 | q > 1 | q <= 1 | q = TIMESTAMP('2022-04-14T14:48:46Z') | q < DATE('2022-04-14') | q is not null
    q LIKE '%' | q like '_%' | q like '' | q like '%%' | q like '\\\\%\\\\_' | q BETWEEN 0 AND 100
    q between 100.0 and 1.0 | q IN (1, 2, 3) | q in ('foo', 'bar') | q in (true)
    name NOT LIKE 'B_r%' | pop_other not between 1000000 and 3000000
    "date" in (DATE('2021-04-16'),DATE('2022-04-16'),DATE('2022-04-18'))
    start not in (TIMESTAMP('2022-04-16T10:13:19Z')) | boolean not in (false)
    CASEI(q) = casei('foo') | CASEI(q) <> casei('FOO') | CASEI(q) LIKE casei('foo%')
    CASEI(name) IN (casei('Kiev'), casei('kobenhavn'), casei('Berlin'), casei('athens'), casei('foo'))
    S_INTERSECTS(geom,BBOX(-180,-90,180,90)) | S_INTERSECTS(geom,POINT(7.02 49.92))
    S_INTERSECTS(geom,BBOX(-180,-90,-90,90)) AND S_INTERSECTS(geom,BBOX(90,-90,180,90))
    S_INTERSECTS(geom,BBOX(150,-90,-150,90)) | S_INTERSECTS(geom,BBOX(0,40,10,50)) and not S_INTERSECTS(geom,BBOX(5,50,10,60))
    S_INTERSECTS(geom,MULTIPOINT(7.02 49.92, 90 80)) | S_INTERSECTS(geom,LINESTRING(-180 -45, 0 -45))
    S_INTERSECTS(geom,MULTILINESTRING((-180 -45, 0 -45), (0 45, 180 45)))
    S_INTERSECTS(geom,POLYGON((-180 -90, -90 -90, -90 90, -180 90, -180 -90), (-120 -50, -100 -50, -100 -40, -120 -40, -120 -50)))
    S_INTERSECTS(geom,MULTIPOLYGON(((-180 -90, -90 -90, -90 90, -180 90, -180 -90), (-120 -50, -100 -50, -100 -40, -120 -40, -120 -50)),((0 0, 10 0, 10 10, 0 10, 0 0))))
    S_INTERSECTS(geom,GEOMETRYCOLLECTION(POINT(7.02 49.92), POLYGON((0 0, 10 0, 10 10, 0 10, 0 0))))
    S_DISJOINT(geom,LINESTRING(7 50,10 51)) | S_EQUALS(geom,POINT(6.1300028 49.6116604))
    S_TOUCHES(geom,POINT(6.043073357781111 50.128051662794235)) | S_CROSSES(geom,LINESTRING(-60 -90,-60 90))
    S_WITHIN(geom,MULTIPOINT(7 50,10 51)) | S_CONTAINS(geom,BBOX(7,50,8,51)) | S_OVERLAPS(geom,BBOX(-180,-90,0,90))
    T_AFTER(q,TIMESTAMP('2022-04-24T07:59:57Z')) | T_BEFORE(q,INTERVAL('2021-01-01','2021-12-31'))
    t_disjoint("date",date('2022-04-16')) | t_equals("date",interval('2022-04-16','2022-04-16'))
    t_after(interval(start,end),interval('..','2022-04-16T10:13:19Z'))
    t_before(interval(start,end),interval('2023-01-01T00:00:00Z','..'))
    T_CONTAINS(interval(start,end),interval('2022-04-16T10:13:19Z','2022-04-16T10:15:10Z'))
    T_FINISHES(interval(start,end),interval('2022-04-16','2022-04-17')) | T_FINISHEDBY(a,b) | T_MEETS(a,b) | T_METBY(a,b)
    T_OVERLAPPEDBY(a,b) | T_OVERLAPS(a,b) | T_STARTEDBY(a,b) | T_STARTS(a,b) | T_INTERSECTS(a,b)
    a = b | a <> b | a > a | 5 = a | S_CROSSES(LINESTRING(1 1,2 2), POLYGON((0 0,3 0,3 3,0 0)))
    (NOT (name<>'København') AND pop_other<>1038288) OR (pop_other IS NULL and name<'København') or not (pop_other<>1038288 OR name<'København')
    NOT "name" LIKE 'foo%' | "value" IS NULL OR "value" BETWEEN 10 AND 20
    T_CONTAINS(INTERVAL('2000-01-01T00:00:00Z', '2005-01-10T01:01:01.393216Z'), INTERVAL(starts_at, ends_at))
"""  # noqa: E501
EXAMPLES = [one.strip() for line in PREDICATES.strip().splitlines() for one in line.split(" | ")]

#: Annex A asserts of POINT(90 180) that it does not succeed; the others are of classes that we do not have.
REFUSED = [
    "S_INTERSECTS(geom,POINT(90 180))", "S_DISJOINT(geom,POINT(90 180))", "ACCENTI(etat_vol) = ACCENTI('débárquér')",
    "avg(windSpeed) < 4", "balance-150.0 > 0", "vehicle_height > (bridge_clearance-1)",
    "A_CONTAINS(layer:ids, ('layers-ca','layers-us'))", "S_WITHIN(road,Buffer(geometry,10,'m'))",
]  # fmt: skip
