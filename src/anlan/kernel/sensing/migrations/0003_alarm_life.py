import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("rulebook", "0001_initial"),
        ("sensing", "0002_alarm_level_rung"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField("alarm", "answer_due", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("alarm", "chattering_since", models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            "alarm",
            "first",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="followers",
                to="sensing.alarm",
            ),
        ),
        migrations.AddField("alarm", "raises", models.PositiveIntegerField(db_default=1, default=1)),
        migrations.AddField("alarm", "rang_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("alarm", "recent_raises", models.JSONField(blank=True, null=True)),
        migrations.AddField("alarm", "shelved_level", models.PositiveSmallIntegerField(blank=True, null=True)),
        migrations.AddField("alarm", "shelved_s", models.PositiveIntegerField(db_default=0, default=0)),
        migrations.AddField("alarm", "shelved_until", models.DateTimeField(blank=True, null=True)),
        migrations.AddIndex(
            "alarm",
            models.Index(fields=["first"], condition=models.Q(first__isnull=False), name="alarms_that_follow"),
        ),
        migrations.AddIndex(
            "alarm",
            models.Index(
                fields=["shelved_until"], condition=models.Q(shelved_until__isnull=False), name="shelved_alarms"
            ),
        ),
        migrations.CreateModel(
            name="Shelving",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("asked", "Asked, waits for a second person"),
                            ("shelved", "Shelved"),
                            ("ended", "Ended"),
                            ("refused", "Refused"),
                            ("lapsed", "Nobody confirmed it in time"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(max_length=200)),
                ("level", models.PositiveSmallIntegerField()),
                ("asked_at", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("began_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "end",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("time", "Its time was over"),
                            ("hand", "Ended by hand"),
                            ("level", "The level rose"),
                            ("closed", "The alarm was closed"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "alarm",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="shelvings", to="sensing.alarm"
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="rulebook.entry"
                    ),
                ),
                *(
                    (
                        name,
                        models.ForeignKey(
                            blank=not needed,
                            null=not needed,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    )
                    for name, needed in (("asked_by", True), ("confirmed_by", False), ("ended_by", False))
                ),
            ],
            options={"ordering": ("asked_at", "id")},
        ),
        migrations.AddIndex(
            "shelving",
            models.Index(fields=["until"], condition=models.Q(state="shelved"), name="shelvings_in_force"),
        ),
        migrations.AddIndex(
            "shelving",
            models.Index(fields=["expires_at"], condition=models.Q(state="asked"), name="shelvings_asked"),
        ),
        migrations.AddIndex("shelving", models.Index(fields=["asked_at"], name="sensing_she_asked_a_7daa0c_idx")),
        migrations.AddConstraint(
            "shelving",
            models.UniqueConstraint(
                fields=("alarm",), condition=models.Q(state__in=("asked", "shelved")), name="one_shelving_at_a_time"
            ),
        ),
    ]
