"""The registers of enterprises, licences and contacts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.sites.models import Contact, Enterprise, Licence, Sector
from anlan.kernel.registers.declarations import Figure, Marks, Register, Section, View, declare

#: Icon of the sprite for each sector.
ICONS: dict[str, str] = {
    "": "site",
    Sector.CHEMICAL: "factory",
    Sector.MINE: "mine",
    Sector.FILLING: "fire",
    Sector.FIREWORKS: "firework",
    Sector.METAL: "thermometer",
    Sector.DUST: "dust",
    Sector.AMMONIA: "snow",
    Sector.WAREHOUSE: "warehouse",
}

ENTERPRISES = declare(
    Register(
        code="enterprise",
        model=Enterprise,
        title=_("Enterprises"),
        one=_("enterprise"),
        group=_("Enterprises"),
        icon="factory",
        prefix="ENT",
        see="site.see",
        edit="site.edit",
        columns=("name", "kind", "region", "risk", "state", "ending", "keeper", "keeper_phone", "code"),
        sections=(
            Section(
                _("Basics"),
                ("code", "name", "kind", "credit_code", "industry", "state", "risk", "park", "founded_on", "products"),
            ),
            Section(_("Place"), ("region", "address", "lon", "lat", "outline")),
            Section(_("Size of the enterprise"), ("scale", "staff", "revenue", "assets")),
            Section(
                _("Work safety"),
                ("standardisation", "standardised_until", "safety_staff", "safety_engineers"),
            ),
            Section(
                _("Liability insurance"),
                ("insurer", "insurance_number", "insured_until", "insured_staff", "insured_person"),
            ),
            Section(_("Persons in charge"), ("legal_person", "legal_phone", "keeper", "keeper_phone", "remark")),
        ),
        filters=("kind", "region", "risk", "state", "park", "scale", "standardisation"),
        search=("address", "products"),
        keys=("credit_code",),
        colour_by="risk",
        sensitive={"keeper_phone": "phone", "legal_phone": "phone"},
        views=(
            View("chemical", _("Dangerous chemicals"), "kind=chemical"),
            View("uninsured", _("Insurance ended"), "insured_until=..-1d&state=running"),
            View("standard", _("Standardisation ends within 90 days"), "standardised_until=today..+90d"),
            View("unplaced", _("Not on the map"), "place=none"),
        ),
        figures=(
            Figure("industry_name", _("Industry"), "sites.industry"),
            Figure("ending", _("Licences ending"), "sites.licences_ending"),
            Figure("hazard_grade", _("Major hazards"), "sites.hazard_grades"),
        ),
        marks=Marks(group=_("Sources of danger"), icons=ICONS, field="kind", on=True, minzoom=9.0, order=30),
        checks=("sites.enterprise",),
        effects=("sites.enterprise",),
        order=10,
    )
)

LICENCES = declare(
    Register(
        code="licence",
        model=Licence,
        title=_("Licences"),
        one=_("licence"),
        group=_("Enterprises"),
        icon="sign",
        prefix="LIC",
        see="site.see",
        edit="site.edit",
        columns=("name", "kind", "enterprise", "number", "since", "until", "region"),
        sections=(
            Section(_("Basics"), ("code", "name", "enterprise", "kind", "number", "issuer", "scope")),
            Section(_("Validity"), ("since", "until", "region", "remark")),
        ),
        filters=("kind", "region", "until"),
        search=("number", "issuer"),
        keys=("number",),
        parent="enterprise",
        located=False,
        views=(
            View("ending", _("Ends within 30 days"), "until=today..+30d&sort=until"),
            View("renew", _("Ends within 90 days"), "until=today..+90d&sort=until"),
            View("ended", _("Ended"), "until=..-1d&sort=-until"),
        ),
        checks=("sites.licence",),
        order=11,
    )
)

CONTACTS = declare(
    Register(
        code="contact",
        model=Contact,
        title=_("Contacts of enterprises"),
        one=_("contact"),
        group=_("Enterprises"),
        icon="phone",
        prefix="CON",
        see="site.see",
        edit="site.edit",
        columns=("name", "role", "post", "phone", "enterprise", "region"),
        sections=(
            Section(_("Basics"), ("code", "name", "enterprise", "role", "post")),
            Section(_("How to reach"), ("phone", "second_phone", "at_night", "region", "remark")),
        ),
        filters=("role", "region", "at_night"),
        parent="enterprise",
        located=False,
        sensitive={"phone": "phone", "second_phone": "phone"},
        order=12,
    )
)
