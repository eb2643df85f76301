import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

KINDS = [
    ("combustible_gas", "Combustible gas"),
    ("toxic_gas", "Toxic gas"),
    ("tank_level", "Tank level"),
    ("tank_temperature", "Tank temperature"),
    ("tank_pressure", "Tank pressure"),
    ("rain", "Rain intensity"),
    ("river_stage", "River stage"),
    ("displacement", "Slope displacement"),
    ("group", "Several points"),
    ("other", "Other"),
]
STATES = [
    ("proposed", "Proposed"),
    ("approved", "Put in force"),
    ("rejected", "Rejected"),
    ("withdrawn", "Proposal withdrawn"),
]


def one(to, *, null=False):
    return models.ForeignKey(
        blank=null, null=null, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=to
    )


class Migration(migrations.Migration):
    dependencies = [
        ("sensing", "0003_alarm_life"),
        ("regions", "0001_initial"),
        ("rulebook", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField("point", "kind", models.CharField(choices=KINDS, max_length=30, verbose_name="kind")),
        migrations.AddField("ruleversion", "inhibits", models.JSONField(default=list)),
        migrations.CreateModel(
            name="RuleChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(db_index=True, max_length=60, verbose_name="rule code")),
                ("ends", models.BooleanField(default=False)),
                ("title", models.CharField(max_length=160, verbose_name="title")),
                ("title_zh", models.CharField(blank=True, max_length=160, verbose_name="title in Chinese")),
                ("body", models.JSONField(default=dict)),
                ("standard", models.CharField(blank=True, max_length=120, verbose_name="standard")),
                ("clause", models.CharField(blank=True, max_length=80, verbose_name="clause")),
                ("verified", models.BooleanField(default=False)),
                ("note", models.TextField(blank=True)),
                ("reason", models.CharField(max_length=500, verbose_name="reason")),
                ("state", models.CharField(choices=STATES, default="proposed", max_length=10)),
                ("proposed_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "decision",
                    models.CharField(blank=True, max_length=500, verbose_name="reason of the decision"),
                ),
                ("author", one(settings.AUTH_USER_MODEL)),
                ("base", one("rulebook.entry", null=True)),
                ("decided_by", one(settings.AUTH_USER_MODEL, null=True)),
                ("entry", one("rulebook.entry", null=True)),
                ("region", one("regions.region")),
            ],
            options={
                "verbose_name": "rule change",
                "verbose_name_plural": "rule changes",
                "ordering": ("-id",),
                "indexes": [models.Index(fields=["state", "-id"], name="changes_by_state")],
            },
        ),
    ]
