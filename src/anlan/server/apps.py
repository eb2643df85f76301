from django.apps import AppConfig

from anlan.kernel.cases import registry


class ServerConfig(AppConfig):
    name = "anlan.server"
    label = "server"

    def ready(self) -> None:
        """The last room to start: by now every function that a declaration names must be registered."""
        from anlan.kernel.layers.from_register import declare_marked  # models are ready only now
        from anlan.kernel.registers import declarations

        registry.check()
        declarations.check_all()
        declare_marked()
