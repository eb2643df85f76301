"""Plans, programmes and lists of work points of bureaus: read, cleaned, cut into clauses, searched for drafts.

`read` takes an uploaded file, `clean` proposes what to leave out, `cut` makes the tree, `extract` the drafts that a
person confirms, `compare` sets two editions side by side.
"""

from anlan.formats.policy.cleaning import Cleaned, Edit, clean
from anlan.formats.policy.comparing import Match, compare
from anlan.formats.policy.drafts import Draft, Drafts, Indicator, Lead, Mechanism, Project, Task
from anlan.formats.policy.extracting import extract
from anlan.formats.policy.reading import Bounds, Source, source_of
from anlan.formats.policy.tables import Cell, Table
from anlan.formats.policy.trees import Clause, Tree, cut
from anlan.formats.policy.uploads import read
from anlan.formats.texts.pieces import Finding

__all__ = [
    "Bounds", "Cell", "Clause", "Cleaned", "Draft", "Drafts", "Edit", "Finding", "Indicator", "Lead",
    "Match", "Mechanism", "Project", "Source", "Table", "Task", "Tree", "clean", "compare", "cut",
    "extract", "read", "source_of",
]  # fmt: skip
