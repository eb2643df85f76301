"""Words of mappings for templates."""

from __future__ import annotations

from django import template

from anlan.apps.mappings import words

register = template.Library()
register.filter("fault_words", words.fault_words)
register.filter("path_words", words.path_words)
register.filter("quality_words", words.quality_words)
register.filter("number_words", words.number_words)
