"""Pages of alarm rules: the list, one rule, the editor, a proposal with its preview, files in and out."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan.kernel.people.rights import NotAllowed, may
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.scope import reach, within
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.sensing.conditions import LADDERS, BadCondition
from anlan.kernel.sensing.models import Alarm, ChangeState, Point, PointKind, RuleChange
from anlan.kernel.sensing.queries import measuring_for
from anlan.kernel.sensing.rules import KIND
from anlan.kernel.sensing.ruling import effects, files, forms, patterns, queries, services
from anlan.kernel.sensing.ruling.services import APPROVE, PROPOSE, Draft
from anlan.kernel.sensing.services.devices import Refused
from anlan.kernel.sensing.store import Busy
from anlan.kernel.sensing.views import tabs
from anlan.kernel.sensing.words import kind_words, rule_title
from anlan.kernel.web.gate import holds

PAGE = 50
SEE = "rulebook.see"
#: Points offered for the curve beside the editor.
OFFERED = 200


def _states() -> list[tuple[str, str]]:
    return [
        ("in_force", _("In force")),
        ("ended", _("Ended")),
        ("waiting", _("Waiting for its day")),
        ("all", _("All")),
    ]


# --- reading --------------------------------------------------------------------------------------------------------


@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """All alarm rules with their condition in words; by state, kind, site, point and text."""
    if not holds(request.user, SEE):
        return render(request, "web/denied.html", status=403)
    now = timezone.now()
    asked = {name: request.GET.get(name, "").strip() for name in ("q", "kind", "site", "point", "state")}
    state = asked["state"] if asked["state"] in dict(_states()) else "in_force"
    found = queries.rows(
        request.user,
        now,
        typed=asked["q"],
        kind=asked["kind"],
        site=asked["site"],
        point=asked["point"],
        state="" if state == "all" else state,
    )
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    params = request.GET.copy()
    params.pop("page", None)
    context = {
        "page": page,
        "rows": [(row, rule_title(row.entry), [kind_words(kind) for kind in row.kinds]) for row in page],
        **asked,
        "state": state,
        "states": _states(),
        "kinds": PointKind.choices,
        "sites": queries.sites_for(request.user),
        "query": params.urlencode(),
        "filtered": any(asked[name] for name in ("q", "kind", "site", "point")),
        "waiting": queries.changes_for(request.user).filter(state=ChangeState.PROPOSED),
        "may_propose": holds(request.user, PROPOSE),
        "tabs": tabs(request, "rules"),
    }
    return render(request, "sensing/rules.html", context)


@require_safe
def rule(request: HttpRequest, code: str) -> HttpResponse:
    """One rule: condition, clause, points, alarms, versions with what each changed and who put it in force."""
    now = timezone.now()
    current = _current(request, code)
    first = current[0]
    points = queries.points_of(first)
    alarms = (
        Alarm.records.filter(within(reach(request.user, "alarm.see")), entry__kind=KIND, entry__code=code)
        .filter(exercise=False)
        .select_related("point", "entry", "region")
        .defer("rule__points")
    )
    open_alarms = alarms.filter(closed_at=None, retrospective=False).order_by("level", "-raised_at")
    context = {
        "code": code,
        "entry": first,
        "title": rule_title(first),
        "standing": queries.standing(first, now),
        "lines": queries.lines(first),
        "others": current[1:],
        "points": points[:100],
        "points_n": points.count(),
        "open_alarms": [(alarm, queries.newer_than(alarm.entry, alarm.region, now)) for alarm in open_alarms[:50]],
        "open_n": open_alarms.count(),
        "alarms": alarms.exclude(closed_at=None).order_by("-raised_at")[:20],
        "versions": queries.versions_of(code, now),
        "changes": queries.changes_for(request.user).filter(code=code)[:20],
        "may_propose": may(request.user, PROPOSE, first.region) or (first.region is None and _places(request)),
        "can_edit": forms.can_edit(first.body),
        "tabs": tabs(request, "rules"),
    }
    return render(request, "sensing/rule.html", context)


def _current(request: HttpRequest, code: str) -> list[Entry]:
    found = queries.current_of(code, timezone.now()) if holds(request.user, SEE) else []
    if not found:
        raise Http404
    return found


def _places(request: HttpRequest) -> list[Region]:
    """Regions down to the town for which the viewer may propose rules."""
    depth = regions.DEPTH[: regions.DEPTH.index("town") + 1]
    rows = Region.objects.filter(within(reach(request.user, PROPOSE), "path"), level__in=depth)
    root = regions.root()
    found = [row for row in rows.order_by("path") if root is None or row.path.startswith(root.path)]
    return found or list(rows.order_by("path"))


@require_safe
def points(request: HttpRequest) -> JsonResponse:
    """The points that a rule would stand over, for the curve beside the editor."""
    rows = measuring_for(request.user).filter(enabled=True)
    kinds = request.GET.getlist("kinds")
    codes = request.GET.get("points", "").replace(",", " ").split()
    if codes:
        rows = rows.filter(code__in=codes)
    elif kinds:
        rows = rows.filter(kind__in=kinds)
    else:
        rows = rows.none()
    if site := request.GET.get("site", ""):
        rows = rows.filter(site_ref=site)
    if region := Region.objects.filter(code=request.GET.get("region", "")).first():
        rows = rows.filter(region__path__startswith=region.path)
    found = list(rows.order_by("code")[:OFFERED])
    offered = [{"id": one.pk, "words": f"{one.code} {one.name}", "unit": one.unit} for one in found]
    return JsonResponse({"n": rows.count(), "points": offered})


# --- the editor -----------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A new rule: empty, from a template, or as a copy of another."""
    if not holds(request.user, PROPOSE):
        return render(request, "web/denied.html", status=403)
    places = _places(request)
    initial: dict[str, Any] = {"region": places[0].code if places else "", "type": "level"}
    pattern = patterns.pattern_of(request.GET.get("template", ""))
    copied = request.GET.get("copy", "")
    if pattern is not None and places:
        initial = forms.initial_of(pattern.draft(places[0]), places[0])
    elif copied:
        source = _current(request, copied)[0]
        if not forms.can_edit(source.body):
            raise Http404
        region = source.region or (places[0] if places else None)
        initial = forms.initial_of(source, region) | {"code": ""}
    elif point := measuring_for(request.user).filter(code=request.GET.get("point", "")).first():
        initial |= {"choose": "points", "points": point.code, "region": _place_of(point, places)}
    return _edit(request, initial, base=None, places=places, pattern=pattern)


def _place_of(point: Point, places: list[Region]) -> str:
    """The narrowest place on offer in which a point lies."""
    around = [place for place in places if point.region.path.startswith(place.path)]
    return max(around, key=lambda place: len(place.path)).code if around else ""


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, code: str) -> HttpResponse:
    """Change a rule; what comes out is a proposal."""
    if not holds(request.user, PROPOSE):
        return render(request, "web/denied.html", status=403)
    current = _current(request, code)
    seen = request.POST.get("base", request.GET.get("version", ""))
    base = next((entry for entry in current if str(entry.pk) == seen), current[0])
    if request.method == "POST":
        # What the author saw, even if it is not what holds any more: the check tells them.
        base = Entry.objects.filter(kind=KIND, code=code, pk=seen if seen.isdigit() else 0).first() or base
    if not forms.can_edit(base.body):
        raise Http404
    places = _places(request)
    region = base.region or (places[0] if places else None)
    return _edit(request, forms.initial_of(base, region), base=base, places=places)


def _edit(
    request: HttpRequest,
    initial: dict[str, Any],
    *,
    base: Entry | None,
    places: list[Region],
    pattern: patterns.Pattern | None = None,
) -> HttpResponse:
    posted = request.method == "POST"
    form = forms.RuleForm(
        request.POST if posted else None, request.FILES if posted else None, initial=initial, regions=places
    )
    if posted and form.is_valid():
        draft = form.draft()
        if "preview" in request.POST:
            return _preview(request, draft, base)
        try:
            change = services.propose(
                draft, base=base, reason=form.cleaned_data["reason"], actor=request.user, now=timezone.now()
            )
        except (Refused, NotAllowed) as refused:
            for line in str(refused).splitlines():
                form.add_error(None, line)
        else:
            messages.success(request, _("Proposed. It is put in force by another person."))
            return redirect("sensing:rule_change", pk=change.pk)
    if posted and "preview" in request.POST:
        return render(request, "sensing/rule_preview.html", {"faults": _faults(form)}, status=422)
    context = {
        "form": form,
        "base": base,
        "pattern": pattern,
        "patterns": _patterns() if base is None else [],
        "places": places,
        "sites": queries.sites_for(request.user),
        "fields": {kind: " ".join(names) for kind, names in forms.FIELDS.items()},
        "ladders": " ".join(LADDERS),
        "terms": [[form[f"{name}_{n}"] for name in forms.TERM] for n in forms.TERMS],
        "limits": [(n, form[f"limit_{n}"]) for n in forms.SEVERITIES],
        "own_limits": len(initial.get("limits") or ()),
        "tabs": tabs(request, "rules"),
    }
    return render(request, "sensing/rule_edit.html", context, status=422 if posted else 200)


def _faults(form: forms.RuleForm) -> list[str]:
    """Every fault of a form with the name of its field."""
    found = []
    for name, errors in form.errors.items():
        label = form.fields[name].label if name in form.fields else ""
        found += [f"{label}: {error}" if label else str(error) for error in errors]
    return found


def _patterns() -> list[tuple[str, list[patterns.Pattern]]]:
    by_kind: dict[str, list[patterns.Pattern]] = {}
    for pattern in patterns.patterns():
        by_kind.setdefault(pattern.kind, []).append(pattern)
    return [(kind_words(kind), found) for kind, found in by_kind.items()]


# --- proposals ------------------------------------------------------------------------------------------------------


def _change(request: HttpRequest, pk: int) -> RuleChange:
    found = queries.changes_for(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_safe
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """A proposal: what it changes, why, what it would have done, and the buttons of those who may decide."""
    found = _change(request, pk)
    now = timezone.now()
    gone, came = queries.difference(found.base, found)
    current = services.deciding(found.code, found.region, now)
    waits = found.state == ChangeState.PROPOSED
    stale = waits and (current.pk if current else None) != found.base_id
    own = services.is_same_person(found.author, request.user)
    context = {
        "change": found,
        "title": rule_title(found),
        "gone": gone,
        "came": came,
        "lines": queries.lines(found),
        "stale": stale,
        "current": current,
        "waits": waits,
        "own": own,
        "may_decide": waits and not own and may(request.user, APPROVE, found.region),
        "may_withdraw": waits and found.author_id == request.user.pk,
        "severest": services.severest(found.body),
        "tabs": tabs(request, "rules"),
    }
    return render(request, "sensing/rule_change.html", context)


@require_safe
def change_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The preview of a proposal, begun when it is first asked for."""
    found = _change(request, pk)
    return _preview(request, services.draft_of(found), found.base)


def _preview(request: HttpRequest, draft: Draft, base: Entry | None) -> HttpResponse:
    now = timezone.now()
    try:
        faults = services.faults_of_body(draft, now)
        if faults:
            raise Refused("\n".join(faults))
        key = effects.start(effects.task_of(draft, base, now))
    except (BadCondition, Refused, ValueError) as refused:
        return render(request, "sensing/rule_preview.html", {"faults": str(refused).splitlines()}, status=422)
    except Busy:
        return render(request, "sensing/rule_preview.html", {"faults": [_("The readings are busy; try again")]})
    return _shown(request, key)


@require_safe
def preview(request: HttpRequest, key: str) -> HttpResponse:
    """A preview that was begun, again: how far it is, or what came out."""
    if not holds(request.user, SEE):
        return render(request, "web/denied.html", status=403)
    return _shown(request, key)


def _shown(request: HttpRequest, key: str) -> HttpResponse:
    effect = effects.wait(key)
    if effect is None:
        return render(request, "sensing/rule_preview.html", {"faults": [_("This preview is over: ask for it again")]})
    context: dict[str, Any] = {"key": key, "effect": effect, "percent": round(effect.share * 100)}
    if effect.outcome is not None:
        context["figures"] = effects.figures(effect)
    elif effect.wrong:
        context["faults"] = [effect.wrong]
    return render(request, "sensing/rule_preview.html", context)


@require_POST
def decide(request: HttpRequest, pk: int, do: str) -> HttpResponse:
    """Put in force, reject or withdraw."""
    found = _change(request, pk)
    reason = request.POST.get("reason", "")
    verbs = {"approve": services.approve, "reject": services.reject, "withdraw": services.withdraw}
    if do not in verbs:
        raise Http404
    try:
        verbs[do](found, actor=request.user, now=timezone.now(), reason=reason)
    except (Refused, NotAllowed) as refused:
        messages.error(request, str(refused))
        return redirect("sensing:rule_change", pk=pk)
    if do == "approve":
        messages.success(request, _("Put in force."))
        return redirect("sensing:rule", code=found.code)
    messages.success(request, _("Rejected.") if do == "reject" else _("Withdrawn."))
    return redirect("sensing:rule_change", pk=pk)


@require_POST
def end(request: HttpRequest, code: str) -> HttpResponse:
    """Propose that a rule raises nothing more."""
    base = _current(request, code)[0]
    places = _places(request)
    region = base.region or (places[0] if places else None)
    if region is None:
        return render(request, "web/denied.html", status=403)
    draft = Draft(
        code=base.code,
        title=base.title,
        title_zh=base.title_zh,
        region=region,
        body=base.body,
        standard=base.standard,
        clause=base.clause,
        verified=base.verified,
        note=base.note,
        ends=True,
    )
    try:
        made = services.propose(
            draft, base=base, reason=request.POST.get("reason", ""), actor=request.user, now=timezone.now()
        )
    except (Refused, NotAllowed) as refused:
        messages.error(request, str(refused))
        return redirect("sensing:rule", code=code)
    return redirect("sensing:rule_change", pk=made.pk)


# --- files ----------------------------------------------------------------------------------------------------------


@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """The rules in force as YAML, as they are taken in again; `code` for one or several of them."""
    if not holds(request.user, SEE):
        return render(request, "web/denied.html", status=403)
    chosen = set(request.GET.getlist("code"))
    found = [row.entry for row in queries.rows(request.user, timezone.now()) if not chosen or row.entry.code in chosen]
    answer = HttpResponse(files.written(found), content_type="application/yaml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="alarm-rules-{timezone.localdate():%Y%m%d}.yaml"'
    return answer


@require_http_methods(["GET", "POST"])
def take_in(request: HttpRequest) -> HttpResponse:
    """Rules out of a YAML file as proposals, all or none."""
    if not holds(request.user, PROPOSE):
        return render(request, "web/denied.html", status=403)
    places = _places(request)
    context: dict[str, Any] = {"places": places, "tabs": tabs(request, "rules")}
    if request.method != "POST":
        return render(request, "sensing/rule_import.html", context)
    region = next((place for place in places if place.code == request.POST.get("region")), None)
    upload = request.FILES.get("file")
    reason = request.POST.get("reason", "")
    now = timezone.now()
    try:
        if upload is None or region is None:
            raise Refused(_("Choose the file") if upload is None else _("Choose a place"))
        drafts, same = files.read(upload.read(), region=region, now=now)
        made = services.propose_all(drafts, reason=reason, actor=request.user, now=now)
    except (Refused, NotAllowed) as refused:
        context |= {"faults": str(refused).splitlines(), "reason": reason, "chosen": region}
        return render(request, "sensing/rule_import.html", context, status=422)
    words = ngettext("%(n)d rule proposed", "%(n)d rules proposed", len(made)) % {"n": len(made)}
    if same:
        words += ngettext(", %(n)d left as it is", ", %(n)d left as they are", len(same)) % {"n": len(same)}
    messages.success(request, words)
    return redirect("sensing:rules")
