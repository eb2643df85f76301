"""What the county has set itself to do, and how it is judged: documents, tasks, campaigns, projects, appraisals."""

from anlan.apps.goals.models.appraisal import Appeal, AppealState, Appraisal, Mark, Phase, Result
from anlan.apps.goals.models.campaigns import Campaign, Listed, ListItem, Sort
from anlan.apps.goals.models.documents import (
    Change,
    Clause,
    Document,
    Draft,
    DraftKind,
    DraftState,
    Edition,
    EditionState,
    Holder,
    Kind,
    Link,
    Role,
)
from anlan.apps.goals.models.projects import Project, Spending, Stage, Standing
from anlan.apps.goals.models.tasks import Issue, Letter, LetterKind, Milestone, Part, Progress, Task

__all__ = [
    "Appeal",
    "AppealState",
    "Appraisal",
    "Campaign",
    "Change",
    "Clause",
    "Document",
    "Draft",
    "DraftKind",
    "DraftState",
    "Edition",
    "EditionState",
    "Holder",
    "Issue",
    "Kind",
    "Letter",
    "LetterKind",
    "Link",
    "ListItem",
    "Listed",
    "Mark",
    "Milestone",
    "Part",
    "Phase",
    "Progress",
    "Project",
    "Result",
    "Role",
    "Sort",
    "Spending",
    "Stage",
    "Standing",
    "Task",
]
