"""What every page of the library begins with."""

from __future__ import annotations

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from anlan.apps.knowledge.models import Document
from anlan.apps.knowledge.queries import visible


def document_or_404(request: HttpRequest, code: str) -> Document:
    """A document that the viewer may see; foreign and missing look the same."""
    rows = visible(request.user).select_related("region", "by", "replaces")
    return get_object_or_404(rows, code=code)
