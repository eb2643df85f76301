"""One of two installations that warn; run as `python warning_side.py DATA_DIRECTORY` (see `exchange_side`)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from exchange_side import Side, serve


class WarningSide(Side):
    """What a test lets an installation do with warnings."""

    def plant_people(self) -> None:
        from small_county import make_user, plant_county

        from anlan.kernel.rulebook.services import load_shipped

        load_shipped(self.now)
        world = plant_county()
        for name, role in (("officer", "duty_officer"), ("leader", "leader"), ("admin", "system_admin")):
            make_user(name, role, region=world.county)

    def issue(self, headline: str, of: str = "", exercise: bool = False) -> str:
        from anlan.apps.warning import composing
        from anlan.apps.warning.models import Message
        from anlan.apps.warning.services import drafting

        earlier = Message.objects.get(identifier=of) if of else None
        said = {
            "places": ["990123101"], "polygon": None, "event": "rainstorm", "level": 2, "urgency": "Immediate",
            "severity": "Severe", "certainty": "Likely", "onset": None, "expires": self.now + timedelta(hours=6),
            "headline": headline, "description": "大到暴雨。", "instruction": "", "headline_en": "",
            "description_en": "", "instruction_en": "",
        }  # fmt: skip
        draft = drafting.write(
            None, said, kind="Cancel" if of else "Alert", of=earlier, exercise=exercise, actor=self._user("officer"),
            now=self.now,
        )  # fmt: skip
        draft = drafting.propose(draft, actor=self._user("officer"), now=self.now)
        digest = composing.digest_of(draft)
        return drafting.issue(draft, digest=digest, actor=self._user("leader"), now=self.now).identifier

    def follow(self, feed: str, sender: str, certificate: str) -> None:
        """Enter the other's feed as a source and its certificate with its sender."""
        from anlan.apps.warning.models import Sender
        from anlan.apps.warning.services import senders, sources

        said = {"name": "另一方", "url": feed, "period_s": 30, "signature": "required"}
        source = sources.add(**said, actor=self._user("admin"), now=self.now)
        sources.change(source, **said, enabled=True, actor=self._user("admin"), now=self.now)
        row = Sender.objects.create(source=source, sender=sender, first_at=self.now)
        senders.allow(
            row, certificates=certificate, reason="电话核对", actor=self._user("leader"), now=self.now
        )  # fmt: skip

    def poll(self, later_s: int = 0) -> dict[str, Any]:
        """What the jobs process does when the source's time has come, and what the duty desk then sees."""
        from django.utils import timezone

        from anlan.apps.warning.jobs import poll
        from anlan.apps.warning.models import Message, Source
        from anlan.apps.warning.queries import messages as queries
        from anlan.apps.warning.services import polling
        from anlan.kernel.jobs.models import Job, State
        from anlan.kernel.notices.models import Notice

        now = self.now + timedelta(seconds=later_s)
        polling.drive(now)
        # By hand and not by the worker, which would do the whole night's work first.
        for job in Job.objects.filter(name="warning.poll", state=State.WAITING):
            poll(now=now, **job.args)
            job.delete()
        officer = self._user("officer")
        rows = queries.visible(officer)
        return {
            "force": list(
                queries.real(rows).filter(queries.in_force(timezone.now())).values_list("headline", "signed")
            ),
            "played": list(queries.played(rows).values_list("headline", flat=True)),
            "all": Message.objects.count(),
            "told": Notice.objects.filter(to=officer, ref__startswith="warning:").count(),
            "error": Source.objects.get().last_error,
        }

    def _user(self, name: str) -> Any:
        from anlan.kernel.people.models import User

        return User.objects.get(username=name)


if __name__ == "__main__":
    serve(WarningSide)
