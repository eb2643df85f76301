"""`python -m anlan.server build_demo`: plant the demo county, once."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from anlan.demo import populate
from anlan.demo.county.build import build
from anlan.demo.county.ground import draw
from anlan.demo.county.keep import write_points


class Command(BaseCommand):
    help = "Plant the fictional county of the demo; does nothing when it is there."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is not a demo's data directory. Run ./anlan demo.")
        password_file = settings.DATA / "demo.password"
        folder = settings.DATA / "ground"
        if populate.is_planted() and (folder / "ground.json").exists():
            self.stdout.write("the county is there")
            return
        if not password_file.exists():
            raise CommandError("No password was made for the demo. Run ./anlan demo.")
        self.stdout.write("terrain, rivers, roads, towns")
        county = build()
        folder.mkdir(parents=True, exist_ok=True)
        draw(county, folder)
        write_points(county.points, settings.DATA / "demo-points.json")
        if not populate.is_planted():
            populate.plant_county(
                county,
                password=password_file.read_text(encoding="utf-8").strip(),
                data=settings.DATA,
                now=timezone.now(),
                say=self.stdout.write,
            )
        self.stdout.write(f"{len(county.sites)} sites, {len(county.points)} points, {len(county.people)} people")
