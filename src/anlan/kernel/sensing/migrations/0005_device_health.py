import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sensing", "0004_rule_changes")]

    operations = [
        migrations.AddField("device", "battery", models.FloatField(blank=True, null=True)),
        migrations.AddField("device", "battery_at", models.DateTimeField(blank=True, null=True)),
        migrations.CreateModel(
            name="PointDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("watched_s", models.FloatField(default=0)),
                ("came", models.PositiveIntegerField(default=0)),
                ("gaps", models.PositiveIntegerField(default=0)),
                ("longest_s", models.FloatField(default=0)),
                ("longest_from", models.DateTimeField(null=True)),
                ("offset_ms", models.BigIntegerField(null=True)),
                ("offset_worst_ms", models.BigIntegerField(null=True)),
                ("last_ms", models.BigIntegerField(default=-1)),
                ("upto_ms", models.BigIntegerField(default=0)),
                (
                    "point",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="days",
                        to="sensing.point",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["day"], name="point_days_by_day")],
                "constraints": [models.UniqueConstraint(fields=("point", "day"), name="one_row_a_point_and_day")],
            },
        ),
        migrations.CreateModel(
            name="PointHealth",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rate_today", models.FloatField(null=True)),
                ("rate_week", models.FloatField(null=True)),
                ("rate_month", models.FloatField(null=True)),
                ("gaps", models.PositiveIntegerField(default=0)),
                ("longest_s", models.FloatField(default=0)),
                ("longest_from", models.DateTimeField(null=True)),
                ("offset_ms", models.BigIntegerField(null=True)),
                ("offset_worst_ms", models.BigIntegerField(null=True)),
                ("last_at", models.DateTimeField(null=True)),
                ("at", models.DateTimeField()),
                (
                    "point",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="health", to="sensing.point"
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["rate_week"], name="health_by_rate")]},
        ),
    ]
