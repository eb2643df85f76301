"""The register of sites is now that of enterprises: descriptions, subscriptions and received records follow."""

from django.db import migrations


def follow(apps, schema_editor):
    """Who is sent sites gets a full copy of enterprises next; who approved personal fields is asked again."""
    for name in ("Card", "Measure", "Finding"):
        apps.get_model("exchange", name)._default_manager.filter(register="site").update(register="enterprise")
    allowed = apps.get_model("exchange", "Allowed").objects.filter(register="site")
    apps.get_model("exchange", "Subscription")._default_manager.filter(
        pk__in=list(allowed.values_list("subscription", flat=True))
    ).update(begins=True)
    allowed.update(register="enterprise", n=0)
    former = dict(apps.get_model("sites", "FormerSite").objects.values_list("pk", "ref"))
    for row in apps.get_model("exchange", "Received").objects.filter(register="site", record__isnull=False):
        register, _colon, pk = former.get(row.record, "").partition(":")
        if pk:
            row.register, row.record = register, int(pk)
            row.save(update_fields=["register", "record"])
    apps.get_model("exchange", "Received").objects.filter(register="site").update(register="enterprise")


class Migration(migrations.Migration):
    dependencies = [("exchange", "0001_initial"), ("sites", "0005_move_sites")]

    operations = [migrations.RunPython(follow, migrations.RunPython.noop)]
