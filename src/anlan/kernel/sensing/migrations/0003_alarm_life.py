from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sensing", "0002_alarm_level_rung")]

    operations = []
