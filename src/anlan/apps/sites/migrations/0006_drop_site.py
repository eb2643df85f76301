"""The table of the generic register goes; its records moved in the migration before."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sites", "0005_move_sites")]

    operations = [migrations.DeleteModel(name="Site")]
