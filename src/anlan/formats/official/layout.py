"""The layout of official papers after GB/T 9704-2012, number by number with its clause.

The numbers are written down from general knowledge of the standard; they were not compared with its printed text and
count as unverified (未核实) until somebody has. Where the standard leaves a choice to the organ (the size of the red
head), the choice is marked as ours.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Millimetres to points.
MM = 72 / 25.4

# 5.1 paper: A4
PAGE_WIDTH_MM, PAGE_HEIGHT_MM = 210.0, 297.0
# 5.2.1 margins and the area of type (版心): 37 mm above, 28 mm on the binding side, 156 by 225 mm
TOP_MM, LEFT_MM = 37.0, 28.0
TYPE_WIDTH_MM, TYPE_HEIGHT_MM = 156.0, 225.0
RIGHT_MM = PAGE_WIDTH_MM - LEFT_MM - TYPE_WIDTH_MM
BOTTOM_MM = PAGE_HEIGHT_MM - TOP_MM - TYPE_HEIGHT_MM
# 5.2.3 twenty-two lines a page, twenty-eight signs a line, filling the area of type
LINES, SIGNS = 22, 28
LINE_PT = TYPE_HEIGHT_MM * MM / LINES
PITCH_PT = TYPE_WIDTH_MM * MM / SIGNS

#: Chinese type sizes in points (号数制); common usage, not a clause of the standard.
SIZE_2, SIZE_3, SIZE_4 = 22.0, 16.0, 14.0
#: 7.2.4: the size is the organ's own choice; ours is a small "初号", narrowed where the name is long.
HEAD_SIZE = 40.0
#: 7.2.4: from the upper edge of the area of type to that of the red head.
HEAD_DROP_MM = 35.0
#: 7.2.7: the red line lies 4 mm below the number, as wide as the area of type.
LINE_DROP_MM = 4.0
#: 7.4.1: height of the first and last line of the imprint (版记), and of those between.
THICK_MM, THIN_MM = 0.35, 0.25
#: 7.5: the dashes beside the page number lie 7 mm below the area of type.
NUMBER_DROP_MM = 7.0
#: 7.2.4, 7.2.7: red; the standard names the colour and no value, this is pure red in print.
RED = "#FF0000"


@dataclass(frozen=True, slots=True)
class Face:
    """A typeface as Word names it, and its size in points."""

    name: str
    size: float


# 7.2.4 the head: small-mark song (小标宋) recommended, red
HEAD = Face("方正小标宋简体", HEAD_SIZE)
# 7.3.1 the title: small-mark song, size 2
TITLE = Face("方正小标宋简体", SIZE_2)
# 5.2.2 whatever is not named otherwise: imitation song (仿宋), size 3
BODY = Face("仿宋", SIZE_3)
# 7.3.3 first level of the body: black face (黑体); second level: regular script (楷体)
LEVEL_1, LEVEL_2 = Face("黑体", SIZE_3), Face("楷体", SIZE_3)
# 7.2.2, 7.2.3 secrecy and urgency, 7.3.7 the word "附件" above an annex: black face, size 3
MARK = Face("黑体", SIZE_3)
# 7.2.6 name of the signer: regular script, size 3
SIGNER = Face("楷体", SIZE_3)
# 7.4.2, 7.4.3 the imprint: imitation song, size 4
IMPRINT = Face("仿宋", SIZE_4)
# 7.5 page numbers: size 4, half-width song figures
NUMBER = Face("宋体", SIZE_4)

#: 7.3.3 the faces of the four levels of headings; the third and fourth are set as the body.
LEVELS = (LEVEL_1, LEVEL_2, BODY, BODY)
