"""The library's own index: where each sign and each pair of signs stands (`anlan.apps.knowledge.grams`)."""

from __future__ import annotations

from django.db import models

from anlan.apps.knowledge.models.documents import Document


class Layout(models.Model):
    """Which stretch of a document's searched text is which clause: `anlan.apps.knowledge.grams.Layout` as bytes."""

    document = models.OneToOneField(Document, on_delete=models.CASCADE, primary_key=True, related_name="layout")
    packed = models.BinaryField()


class Posting(models.Model):
    """Every place of one gram in one document: offsets in its searched text, whole numbers of 32 bits, rising."""

    gram = models.CharField(max_length=2)
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="postings", db_index=False)
    offsets = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("gram", "document"), name="one_posting_a_gram_and_document")]
        indexes = [models.Index(fields=("document",), name="posting_document")]
