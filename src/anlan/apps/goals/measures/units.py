"""Units of indicators and of what goes into them, and who gives figures."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

PERCENT = "%"
TIMES = pgettext_lazy("unit", "times")
PEOPLE = pgettext_lazy("unit", "people")
CASES = pgettext_lazy("unit", "cases")
PLACES = pgettext_lazy("unit", "places")
PIECES = pgettext_lazy("unit", "pieces")
DAYS = pgettext_lazy("unit", "days")
HOURS = pgettext_lazy("unit", "hours")
MINUTES = pgettext_lazy("unit", "minutes")
YUAN_1E4 = pgettext_lazy("unit", "10,000 yuan")
YUAN_1E8 = pgettext_lazy("unit", "100 million yuan")
YES_NO = pgettext_lazy("unit", "1 yes, 0 no")

STATISTICS = _("Statistics bureau")
SAFETY = _("Work-safety section of the bureau")
RELIEF = _("Disaster relief section of the bureau")
ENFORCEMENT = _("Enforcement squad")
FLOODS = _("Flood and drought section of the bureau")
FIRE = _("Fire and rescue brigade")
TRAFFIC = _("Traffic police")
HOUSING = _("Housing and construction bureau")
TOWNS = _("Towns")
TRAINING = _("Training section of the bureau")
TECHNOLOGY = _("Information section of the bureau")
