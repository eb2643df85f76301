from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegistersConfig(AppConfig):
    name = "anlan.kernel.registers"
    label = "registers"
    verbose_name = _("Registers")

    def ready(self) -> None:
        from anlan.kernel.audit.words import name_acts
        from anlan.kernel.people import tokens
        from anlan.kernel.registers import moving
        from anlan.kernel.registers.declarations import declared
        from anlan.kernel.registers.importing import jobs

        moving.start()
        jobs.start()
        tokens.register_verbs(
            lambda: ["personal.unmask", *(verb for one in declared() for verb in (one.see, one.edit))]
        )
        name_acts(
            {
                "record.create": _("Record entered"),
                "record.change": _("Record changed"),
                "record.remove": _("Record removed"),
                "record.restore": _("Record restored"),
                "record.merge": _("Records merged"),
                "record.publish": _("Import put in force"),
                "record.undo": _("Import undone"),
                "import.read": _("File read for an import"),
                "import.write": _("Import begun"),
                "import.undo": _("Undoing an import begun"),
                "import.drop": _("Import given up"),
                "import.refuse": _("File for an import not taken"),
                "record.link": _("Records linked"),
                "record.unlink": _("Records parted"),
                "record.export": _("Records exported"),
                "record.print": _("Archive printed"),
            }
        )
