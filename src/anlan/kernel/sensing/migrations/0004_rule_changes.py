from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sensing", "0003_alarm_life")]

    operations = []
