"""`python -m anlan.server COMMAND`: Django's management commands with our settings."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anlan.server.settings")
    sys.argv[0] = "anlan"
    execute_from_command_line(sys.argv)
