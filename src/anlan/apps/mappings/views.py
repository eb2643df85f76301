"""Pages of vendors' mappings: the list, one mapping with its tester and examples, its devices, files in and out."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan.apps.mappings import files, forms, queries, services, trying
from anlan.apps.mappings import words as w
from anlan.apps.mappings.models import Caller, Mapping, State
from anlan.formats.vendor_json import PATTERNS, BadMapping, read_mapping
from anlan.formats.vendor_json import Mapping as Rules
from anlan.kernel.people.doors import actor_of, needs
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.sensing.services import Refused, register_device
from anlan.kernel.sensing.services.links import sensors_of
from anlan.kernel.sensing.views import tabs

VERB = queries.VERB
#: Readings and faults of a tried message that are shown.
SHOWN = 200


@require_safe
@needs(VERB)
def mappings(request: HttpRequest) -> HttpResponse:
    """Every mapping, with what waits behind it."""
    rows = queries.rows_for(request.user, timezone.now())
    return render(request, "mappings/mappings.html", {"rows": rows, "tabs": tabs(request, "mappings")})


# --- one mapping ----------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@needs(VERB)
def new(request: HttpRequest) -> HttpResponse:
    """A new mapping: tried as it stands in the form, and saved as a draft."""
    places = queries.regions_for(request.user)
    head = {name: request.POST.get(name, "").strip() for name in ("code", "name", "region")}
    context: dict[str, Any] = {"places": places, "head": head, "editable": True}
    if request.method != "POST":
        fields = forms.fields_of({"topic": "", "device": {"from": "topic", "part": "device"}, "time": {}})
        return _page(request, fields | {"time_form": "epoch_ms"}, context)
    fields = forms.typed(request.POST)
    try:
        rules = forms.rules_of(fields)
    except BadMapping as bad:
        return _page(request, fields, context | {"problems": _problems(bad)}, status=422)
    if request.POST.get("do") == "try":
        return _page(request, fields, context | _tried(request, head["code"], rules))
    region = next((place for place in places if place.code == head["region"]), None)
    try:
        if region is None:
            raise Refused(_("Choose a place"))
        made = services.draft_mapping(
            code=head["code"],
            name=head["name"],
            region=region,
            rules=rules,
            actor=actor_of(request),
            now=timezone.now(),
        )
    except Refused as refused:
        return _page(request, fields, context | {"problems": [str(refused)]}, status=422)
    messages.success(request, _("The draft is saved. Try it on messages, and keep two as examples."))
    return redirect("mappings:mapping", pk=made.pk)


@require_http_methods(["GET", "POST"])
@needs(VERB)
def mapping(request: HttpRequest, pk: int) -> HttpResponse:
    """One version: its form, the tester, its examples. A draft is saved here; what was in force is only shown."""
    found = _mapping(request, pk)
    editable = found.state == State.DRAFT
    context: dict[str, Any] = {"mapping": found, "editable": editable, "head": {"name": found.name}}
    if request.method != "POST":
        return _page(request, forms.fields_of(found.body), context | _taken(request, found))
    do = request.POST.get("do", "try")
    fields = forms.typed(request.POST) if editable else forms.fields_of(found.body)
    if editable:
        context["head"] = {"name": request.POST.get("name", found.name).strip()}
    try:
        rules = forms.rules_of(fields)
    except BadMapping as bad:
        return _page(request, fields, context | {"problems": _problems(bad)} | _asked(request), status=422)
    if do == "try":
        return _page(request, fields, context | _tried(request, found.code, rules))
    now = timezone.now()
    try:
        services.change_draft(found, name=context["head"]["name"], rules=rules, actor=actor_of(request), now=now)
        if do == "keep":
            asked = _asked(request)
            at_ms = request.POST.get("at_ms", "")
            services.keep_example(
                found,
                topic=asked["topic"],
                payload=asked["message"],
                at_ms=int(at_ms) if at_ms.isdecimal() and len(at_ms) < 15 else _ms(now),
                actor=actor_of(request),
                now=now,
            )
    except Refused as refused:
        return _page(request, fields, context | {"problems": [str(refused)]} | _asked(request), status=422)
    messages.success(request, _("Kept as an example.") if do == "keep" else _("The draft is saved."))
    return redirect("mappings:mapping", pk=pk)


def _page(request: HttpRequest, fields: dict[str, Any], more: dict[str, Any], status: int = 200) -> HttpResponse:
    found: Mapping | None = more.get("mapping")
    context: dict[str, Any] = {
        "f": forms.with_spare(fields) if more["editable"] else fields,
        "shapes": w.SHAPES,
        "devices": w.DEVICES,
        "times": w.TIMES,
        "groups": w.GROUPS,
        "others": w.OTHERS,
        "patterns": PATTERNS,
        "samples": forms.SAMPLES,
        "file_forms": files.FORMS,
        "tabs": tabs(request, "mappings"),
    } | more
    if found is not None:
        context["messages_seen"] = queries.last_messages(request.user, found)
        context["examples"] = trying.given(
            read_mapping(found.body), list(found.examples.select_related("confirmed_by"))
        )
        context["least"] = services.LEAST_EXAMPLES
        context["ready"] = len(context["examples"]) >= services.LEAST_EXAMPLES and all(
            one.fits for one in context["examples"]
        )
        versions = queries.mappings_for(request.user).filter(code=found.code).order_by("-version")
        context["versions"] = versions.exclude(pk=found.pk)
    return render(request, "mappings/mapping.html", context, status=status)


def _asked(request: HttpRequest) -> dict[str, Any]:
    """Topic and message to be tried, as they were typed."""
    return {
        "topic": request.POST.get("try_topic", "").strip()[:240],
        "message": request.POST.get("message", "").replace("\r\n", "\n")[: trying.LONGEST * 4],
    }


def _taken(request: HttpRequest, found: Mapping) -> dict[str, Any]:
    """A message that came, put into the tester."""
    wanted = request.GET.get("take", "")
    if not wanted:
        return {}
    seen = queries.last_messages(request.user, found)
    one = next((one for one in seen if one.id == wanted), None)
    return {"topic": one.topic, "message": one.text, "cut": one.cut} if one is not None else {}


def _tried(request: HttpRequest, code: str, rules: Rules) -> dict[str, Any]:
    """What the message gives by the rules in the form; nothing is stored."""
    asked = _asked(request)
    if not asked["message"]:
        return asked | {"problems": [_("Write or choose a message first")]}
    now_ms = _ms(timezone.now())
    try:
        found = trying.try_message(rules, asked["topic"], asked["message"], now_ms)
    except ValueError as error:
        return asked | {"problems": [_("The message cannot be read: %(why)s") % {"why": str(error)[:120]}]}
    return asked | {
        "result": {
            "rows": trying.tried(code, found, request.user)[:SHOWN],
            "total": len(found.values),
            "faults": found.faults[:SHOWN],
            "fault_total": sum(found.counts.values()),
            "at_ms": now_ms,
        }
    }


def _problems(bad: BadMapping) -> list[str]:
    return [w.problem_words(one) for one in bad.problems]


def _ms(moment: Any) -> int:
    return round(moment.timestamp() * 1000)


def _mapping(request: HttpRequest, pk: int) -> Mapping:
    """A version in the viewer's reach; foreign and missing look the same."""
    found = queries.mappings_for(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_POST
@needs(VERB)
def act(request: HttpRequest, pk: int, do: str) -> HttpResponse:
    """Put in force, end, remove, listen or not, begin the next version."""
    found = _mapping(request, pk)
    actor, now = actor_of(request), timezone.now()
    try:
        if do == "put":
            services.put_in_force(found, actor=actor, now=now)
            messages.success(request, _("In force: messages are mapped within two seconds."))
        elif do == "end":
            services.end_mapping(found, actor=actor, now=now)
            messages.success(request, _("Ended."))
        elif do in ("listen", "deaf"):
            services.listen(found, on=do == "listen", actor=actor, now=now)
            messages.success(request, _("It listens now.") if do == "listen" else _("It listens no more."))
        elif do == "version":
            return redirect("mappings:mapping", pk=services.new_version(found, actor=actor, now=now).pk)
        elif do == "drop":
            services.drop_draft(found, actor=actor, now=now)
            messages.success(request, _("The draft is removed."))
            return redirect("mappings:mappings")
        else:
            raise Http404
    except (Refused, NotAllowed) as refused:
        messages.error(request, str(refused))
    return redirect("mappings:mapping", pk=pk)


@require_POST
@needs(VERB)
def example(request: HttpRequest, pk: int, example: int, do: str) -> HttpResponse:
    """Confirm what an example gives now, or remove it."""
    found = _mapping(request, pk)
    one = found.examples.select_related("mapping__region").filter(pk=example).first()
    verbs = {"confirm": services.confirm_example, "drop": services.drop_example}
    if one is None or do not in verbs:
        raise Http404
    try:
        verbs[do](one, actor=actor_of(request), now=timezone.now())
    except (Refused, NotAllowed) as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Confirmed.") if do == "confirm" else _("The example is removed."))
    return redirect("mappings:mapping", pk=pk)


# --- devices --------------------------------------------------------------------------------------------------------

FIELDS = ("number", "device", "name", "region", "sensors")


@never_cache
@require_http_methods(["GET", "POST"])
@needs(VERB)
def devices(request: HttpRequest, pk: int) -> HttpResponse:
    """Numbers that wait, devices behind the mapping, counted faults; a number is registered here."""
    found = _mapping(request, pk)
    if request.method != "POST":
        form = {name: request.GET.get(name, "") for name in FIELDS}
        return _devices(request, found, form=form | _of(request, found))
    form = {name: request.POST.get(name, "").strip() for name in FIELDS}
    actor, now = actor_of(request), timezone.now()
    key = ""
    try:
        sensors = sensors_of(form["sensors"])
        device = queries.device_of(request.user, form["device"])
        if device is None:
            region = next((one for one in queries.regions_for(request.user) if one.code == form["region"]), None)
            if region is None:
                raise Refused(
                    _("There is no device “%(code)s”: choose a place to register it there") % {"code": form["device"]}
                )
            device, key = register_device(code=form["device"], name=form["name"], region=region, actor=actor, now=now)
        services.link_device(found, device, number=form["number"], sensors=sensors, actor=actor, now=now)
    except (Refused, NotAllowed) as refused:
        return _devices(request, found, form=form, error=str(refused), made=key and form["device"], key=key, status=422)
    messages.success(request, _("%(code)s may send from now on.") % {"code": device.code})
    if key:
        return _devices(request, found, form=dict.fromkeys(FIELDS, ""), made=device.code, key=key)
    return redirect("mappings:devices", pk=pk)


def _of(request: HttpRequest, found: Mapping) -> dict[str, str]:
    """The form filled with what a device has already, when its code is asked for."""
    link = queries.links_of(request.user, found.code).filter(device__code=request.GET.get("edit", "")).first()
    if link is None:
        return {}
    lines = "\n".join(f"{sensor} = {point}" for sensor, point in link.sensors.items())
    return {"device": link.device.code, "number": link.number, "sensors": lines}


def _devices(request: HttpRequest, found: Mapping, *, status: int = 200, **more: Any) -> HttpResponse:
    now = timezone.now()
    context = {
        "mapping": found,
        "links": queries.links_of(request.user, found.code)[: queries.MOST],
        "callers": Caller.objects.filter(code=found.code).order_by("-last_at")[: queries.MOST],
        "faults": queries.faults_of(found, now)[: queries.MOST],
        "places": queries.regions_for(request.user),
        "tabs": tabs(request, "mappings"),
    } | more
    return render(request, "mappings/devices.html", context, status=status)


@require_POST
@needs(VERB)
def unlink(request: HttpRequest, pk: int, link: int) -> HttpResponse:
    """Take a device from the mapping."""
    found = _mapping(request, pk)
    one = queries.links_of(request.user, found.code).filter(pk=link).first()
    if one is None:
        raise Http404
    services.unlink_device(found, one, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("%(number)s is unknown from now on.") % {"number": one.number})
    return redirect("mappings:devices", pk=pk)


# --- files ----------------------------------------------------------------------------------------------------------


@require_safe
@needs(VERB)
def export(request: HttpRequest, pk: int) -> HttpResponse:
    """A version as a file, YAML or JSON."""
    found = _mapping(request, pk)
    asked = request.GET.get("as", "")
    form = asked if asked in files.FORMS else files.FORMS[0]
    answer = HttpResponse(files.written(found, form), content_type=f"application/{form}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="mapping-{found.code}-v{found.version}.{form}"'
    return answer


@require_http_methods(["GET", "POST"])
@needs(VERB)
def take_in(request: HttpRequest) -> HttpResponse:
    """A mapping out of a file, as a draft."""
    places = queries.regions_for(request.user)
    context: dict[str, Any] = {"places": places, "tabs": tabs(request, "mappings")}
    if request.method != "POST":
        return render(request, "mappings/import.html", context)
    upload = request.FILES.get("file")
    region = next((place for place in places if place.code == request.POST.get("region")), None)
    try:
        if upload is None or region is None:
            raise Refused(_("Choose the file") if upload is None else _("Choose a place"))
        if (upload.size or 0) > files.LARGEST:
            raise Refused(_("The file is larger than a mapping can be"))
        taken = files.read(upload.read())
        made = services.take_in(
            request.POST.get("code", "").strip() or taken.code,
            taken.name,
            taken.rules,
            taken.examples,
            region=region,
            actor=actor_of(request),
            now=timezone.now(),
        )
    except BadMapping as bad:
        return render(request, "mappings/import.html", context | {"problems": _problems(bad)}, status=422)
    except (Refused, NotAllowed) as refused:
        return render(request, "mappings/import.html", context | {"problems": [str(refused)]}, status=422)
    messages.success(request, _("Taken in as a draft: confirm its examples before it is put in force."))
    return redirect("mappings:mapping", pk=made.pk)
