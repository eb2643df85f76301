from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sensing", "0004_rule_changes")]

    operations = []
