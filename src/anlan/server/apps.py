from django.apps import AppConfig

from anlan.kernel.cases import registry


class ServerConfig(AppConfig):
    name = "anlan.server"
    label = "server"

    def ready(self) -> None:
        """The last room to start: by now every effect that a workflow names must be registered."""
        registry.check()
