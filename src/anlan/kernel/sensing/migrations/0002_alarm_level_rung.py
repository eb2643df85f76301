from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sensing", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="alarm",
            name="level_rung",
            field=models.PositiveSmallIntegerField(default=4),
            preserve_default=False,
        ),
    ]
