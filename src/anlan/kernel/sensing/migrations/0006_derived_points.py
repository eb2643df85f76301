import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sensing", "0005_device_health"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="point",
            name="kind",
            field=models.CharField(
                choices=[
                    ("combustible_gas", "Combustible gas"),
                    ("toxic_gas", "Toxic gas"),
                    ("tank_level", "Tank level"),
                    ("tank_temperature", "Tank temperature"),
                    ("tank_pressure", "Tank pressure"),
                    ("rain", "Rain intensity"),
                    ("river_stage", "River stage"),
                    ("displacement", "Slope displacement"),
                    ("displacement_rate", "Displacement rate"),
                    ("tangent_angle", "Tangent angle"),
                    ("failure_time", "Time to failure"),
                    ("effective_rain", "Effective rain"),
                    ("rain_depth", "Rain over a window"),
                    ("flow", "Flow"),
                    ("hotspot", "Forest fire hotspot"),
                    ("seismic_intensity", "Seismic intensity"),
                    ("group", "Several points"),
                    ("other", "Other"),
                ],
                max_length=30,
                verbose_name="kind",
            ),
        ),
        migrations.CreateModel(
            name="DerivedPoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("function", models.CharField(max_length=40, verbose_name="function")),
                ("parameters", models.JSONField(default=dict)),
                (
                    "mode",
                    models.CharField(
                        choices=[("schedule", "On schedule"), ("arrival", "On arrival")],
                        max_length=10,
                        verbose_name="computed",
                    ),
                ),
                ("every_s", models.PositiveIntegerField(default=60)),
                ("settle_s", models.PositiveIntegerField(default=5)),
                ("from_ms", models.BigIntegerField()),
                ("computed_ms", models.BigIntegerField()),
                ("computed_at", models.DateTimeField(blank=True, null=True)),
                ("late", models.PositiveIntegerField(default=0)),
                ("seen_seq", models.BigIntegerField(default=0)),
                ("made_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "point",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="derivation", to="sensing.point"
                    ),
                ),
            ],
            options={"ordering": ("point__code",)},
        ),
        migrations.CreateModel(
            name="DerivedInput",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("place", models.PositiveSmallIntegerField()),
                (
                    "derived",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="inputs", to="sensing.derivedpoint"
                    ),
                ),
                (
                    "point",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="uses", to="sensing.point"
                    ),
                ),
            ],
            options={
                "ordering": ("place",),
                "constraints": [models.UniqueConstraint(fields=("derived", "place"), name="one_input_a_place")],
            },
        ),
    ]
