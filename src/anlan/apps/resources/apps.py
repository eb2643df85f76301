from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class ResourcesConfig(AppConfig):
    name = "anlan.apps.resources"
    label = "resources"
    verbose_name = _("Resources")

    def ready(self) -> None:
        from anlan.apps.resources import declarations, layers, tabs  # noqa: F401  the registers declare themselves
        from anlan.apps.resources.services import records
        from anlan.kernel.audit.words import name_acts
        from anlan.kernel.people.rights import holds, may
        from anlan.kernel.people.verbs import declare_verb
        from anlan.kernel.registers.declarations import register_tabs
        from anlan.kernel.web.nav import register_area, register_desk
        from anlan.kernel.web.refs import register_ref

        declare_verb("resource.see", _("See forces, supplies and shelters"), kind="see")
        declare_verb("resource.edit", _("Change the registers of resources and the list of items"))
        declare_verb("stock.move", _("Receive, issue, transfer and reserve supplies"))
        declare_verb("stock.check", _("Take stock, scrap supplies and reverse documents"))
        declare_verb("requisition.order", _("Order a requisition"))
        declare_verb("requisition.settle", _("Settle a requisition: return and compensation"))
        declare_verb("shelter.open", _("Open and close shelters"))
        declare_verb("shelter.admit", _("Enter people who come to a shelter and leave it"))
        name_acts(
            {
                "stock.item": _("Item listed"),
                "stock.item_change": _("Item changed"),
                "stock.item_end": _("Item taken off the list"),
                "stock.receipt": _("Supplies received"),
                "stock.issue": _("Supplies issued"),
                "stock.transfer": _("Supplies transferred"),
                "stock.stocktake": _("Stock taken"),
                "stock.scrap": _("Supplies scrapped"),
                "stock.reservation": _("Supplies reserved"),
                "stock.release": _("Reservation released"),
                "stock.reversal": _("Document reversed"),
                "requisition.order": _("Requisition ordered"),
                "requisition.hand_over": _("Requisitioned thing handed over"),
                "requisition.cancel": _("Requisition cancelled"),
                "requisition.return": _("Requisitioned thing returned"),
                "requisition.assess": _("Compensation fixed"),
                "requisition.pay": _("Compensation paid"),
                "shelter.open": _("Shelter opened"),
                "shelter.close": _("Shelter closed"),
                "shelter.admit": _("People came to a shelter"),
                "shelter.let_go": _("People left a shelter"),
            }
        )
        records.register()
        register_tabs(tabs.tabs_of)
        register_desk("supplies", _("Supplies"), "warehouse", "resources:stores", "resource.see", 50)
        for page in ("items", "ending", "reservations", "documents", "gaps", "coverage", "requisitions", "shelters"):
            register_area("supplies", f"resources:{page}")
        register_ref(
            self.get_model("Document"),
            name="stock-document",
            url=lambda row: reverse("resources:document", args=[row.number]),
            gate=lambda actor, row: may(actor, "resource.see", row.region),
        )
        register_ref(
            self.get_model("Item"),
            name="stock-item",
            url=lambda row: reverse("resources:item", args=[row.code]),
            gate=lambda actor, _row: holds(actor, "resource.see"),
        )
        register_ref(
            self.get_model("Requisition"),
            url=lambda row: reverse("resources:requisition", args=[row.number]),
            gate=lambda actor, row: may(actor, "resource.see", row.region),
        )
        register_ref(
            self.get_model("Opening"),
            url=lambda row: reverse("resources:opening", args=[row.pk]),
            gate=lambda actor, row: may(actor, "resource.see", row.region),
        )
