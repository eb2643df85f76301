"""All drafts of a plan at once."""

from __future__ import annotations

from anlan.formats.policy.drafts import Drafts
from anlan.formats.policy.indicators import indicators
from anlan.formats.policy.leads import leads
from anlan.formats.policy.projects import mechanisms, projects
from anlan.formats.policy.sentences import sentences, year_of_document
from anlan.formats.policy.tasks import tasks
from anlan.formats.policy.trees import Tree


def extract(tree: Tree) -> Drafts:
    """Indicators, tasks, leads, projects and mechanisms of a plan, each with its words and how sure the rule is."""
    found = list(sentences(tree))
    year = year_of_document(tree)
    return Drafts(
        indicators=tuple(indicators(tree, found, year)),
        tasks=tuple(tasks(tree, found, year)),
        leads=tuple(sorted(leads(tree), key=lambda lead: (lead.start, lead.role))),
        projects=tuple(projects(tree, found)),
        mechanisms=tuple(mechanisms(tree, found)),
    )
