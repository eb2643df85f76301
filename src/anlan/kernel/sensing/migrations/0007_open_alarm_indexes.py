import django.db.models.deletion
from django.db import migrations, models

OPEN = models.Q(("closed_at", None))
ON = models.Q(("cleared_at", None), ("closed_at", None), ("retrospective", False))


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0001_initial"),
        ("chains", "0001_initial"),
        ("sensing", "0006_derived_points"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="alarm", name="sensing_ala_closed__2ad64a_idx"),
        migrations.AlterField(
            model_name="alarm",
            name="case",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="alarms",
                to="cases.case",
            ),
        ),
        migrations.AlterField(
            model_name="alarm",
            name="chain",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="alarms",
                to="chains.chain",
            ),
        ),
        migrations.AddIndex(
            model_name="alarm",
            index=models.Index(condition=OPEN, fields=["level", "due"], name="open_alarms"),
        ),
        migrations.AddIndex(
            model_name="alarm",
            index=models.Index(condition=ON, fields=["point", "level"], name="alarms_on"),
        ),
        migrations.AddIndex(
            model_name="alarm",
            index=models.Index(condition=models.Q(("case__isnull", False)), fields=["case"], name="alarms_of_case"),
        ),
        migrations.AddIndex(
            model_name="alarm",
            index=models.Index(condition=models.Q(("chain__isnull", False)), fields=["chain"], name="alarms_of_chain"),
        ),
    ]
