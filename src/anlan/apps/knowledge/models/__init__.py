from anlan.apps.knowledge.models.documents import Clause, Document, Draft, Kind, Note, State
from anlan.apps.knowledge.models.postings import Layout, Posting

__all__ = ["Clause", "Document", "Draft", "Kind", "Layout", "Note", "Posting", "State"]
