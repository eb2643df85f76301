from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class TracksConfig(AppConfig):
    name = "anlan.apps.tracks"
    label = "tracks"
    verbose_name = _("Carriers")

    def ready(self) -> None:
        from anlan.apps.tracks import fencing, follow, layers, rules  # noqa: F401  functions and layers declare themselves
        from anlan.apps.tracks.queries.carriers import MANAGE, SEE, SEE_PERSON
        from anlan.kernel.audit.words import name_acts
        from anlan.kernel.jobs.ticks import register_tick
        from anlan.kernel.people.rights import may
        from anlan.kernel.people.verbs import declare_verb
        from anlan.kernel.sensing.models import PointKind
        from anlan.kernel.sensing.pages import register_page
        from anlan.kernel.sensing.sealed import seal
        from anlan.kernel.web.nav import register_area
        from anlan.kernel.web.refs import register_ref

        declare_verb(SEE, _("See vehicles, boats and teams on the map, their trails and fences"), kind="see")
        declare_verb(SEE_PERSON, _("See where persons are who share their place"), kind="see")
        declare_verb(MANAGE, _("Enter carriers, draw fences"))
        declare_verb("track.share", _("Share the place of one's own phone"))
        name_acts(
            {
                "track.add": _("Carrier entered"),
                "track.change": _("Carrier changed"),
                "track.end": _("Carrier taken out of use"),
                "track.look": _("Place of a person looked at"),
                "track.watch": _("Persons shown on the map"),
                "track.export": _("Trail exported"),
                "track.share": _("Sharing of one's place begun"),
                "track.unshare": _("Sharing of one's place ended"),
                "fence.add": _("Fence put up"),
                "fence.hold": _("Carriers of a fence chosen"),
                "fence.end": _("Fence taken down"),
            }
        )
        seal(PointKind.PERSON_POSITION, SEE_PERSON)
        seal(PointKind.PERSON_FENCE, SEE_PERSON)
        rules.register()
        register_tick("tracks.follow", follow.tick, every_s=follow.EVERY_S)
        register_page("tracks", _("Carriers"), "tracks:carriers", SEE)
        register_area("monitor", "tracks:fences")
        register_ref(
            self.get_model("Carrier"),
            url=lambda row: reverse("tracks:carrier", args=[row.code]),
            gate=lambda actor, row: may(actor, SEE_PERSON if row.personal else SEE, row.region),
        )
        register_ref(
            self.get_model("Fence"),
            url=lambda row: reverse("tracks:fence", args=[row.pk]),
            gate=lambda actor, row: may(actor, SEE, row.region),
        )
