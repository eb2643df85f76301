from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "anlan.demo"
    label = "demo"

    def ready(self) -> None:
        from django.conf import settings

        if settings.DEMO:
            from anlan.demo.offer import offer_scenarios

            offer_scenarios()
