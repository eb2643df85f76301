"""`python -m anlan.server COMMAND`: Django's management commands with our settings, and the gateways without Django."""

import os
import sys

if __name__ == "__main__":
    if sys.argv[1:2] == ["serve_mqtt"]:
        # Imported here: a gateway with Django would be twice as large.
        from anlan.gateways.serve import main

        sys.exit(main(sys.argv[2:]))
    if sys.argv[1:2] == ["serve_nats"]:
        from anlan.gateways.serve_nats import main

        sys.exit(main(sys.argv[2:]))
    if sys.argv[1:2] == ["serve_sensorthings"]:
        from anlan.gateways.sensorthings.serve import main

        sys.exit(main(sys.argv[2:]))
    if sys.argv[1:2] == ["serve_tcp"]:
        from anlan.gateways.serve_tcp import main

        sys.exit(main(sys.argv[2:]))
    if sys.argv[1:2] == ["serve_modbus"]:
        from anlan.gateways.serve_modbus import main

        sys.exit(main(sys.argv[2:]))
    from django.core.management import execute_from_command_line

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anlan.server.settings")
    sys.argv[0] = "anlan"
    execute_from_command_line(sys.argv)
