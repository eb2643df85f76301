from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sensing", "0005_device_health")]

    operations = []
