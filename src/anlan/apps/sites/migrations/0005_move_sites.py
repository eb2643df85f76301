"""Records of the generic register of sites move into the register of their kind, with all that names them."""

from collections import defaultdict

from django.db import migrations, models

OWN = {"keeper": "keeper", "keeper_phone": "keeper_phone"}
ENTERPRISE = {"kind": "kind", "credit_code": "credit_code", "risk": "risk", **OWN}
#: Kind of a site → model, its name in refs, which field becomes which, values that follow from the kind.
#: What a school, hospital, slope or place is more exactly was never asked, so its own kind stays empty.
TARGETS = {
    "tailings": ("TailingsPond", "tailings-pond", {"risk": "risk", "keeper": "head", "keeper_phone": "head_phone"}, {}),
    "school": ("School", "school", {"keeper": "contact", "keeper_phone": "contact_phone"}, {"kind": ""}),
    "hospital": ("Hospital", "hospital", {"keeper": "director", "keeper_phone": "director_phone"}, {"kind": ""}),
    "slope": ("GeoHazard", "geo-hazard", {"risk": "level", "keeper": "watcher", "keeper_phone": "watcher_phone"},
              {"kind": ""}),
    "hydro": ("Station", "station", OWN, {"kind": "hydro"}),
    "rain": ("Station", "station", OWN, {"kind": "rain"}),
    "shelter": ("CrowdedPlace", "crowded-place", OWN, {"kind": "other"}),
}  # fmt: skip
ANY = ("Enterprise", "enterprise", ENTERPRISE, {})
#: Fields that a new home may not have go into the remark, so that nothing is lost.
WORDS = {"credit_code": "统一社会信用代码", "risk": "原风险等级"}
COMMON = (
    "code", "name", "pinyin", "sort_key", "region_id", "address", "lon", "lat", "outline", "remark", "removed_at",
    "removed_why", "revision", "created_at", "changed_at", "changed_by_id",
)  # fmt: skip
#: Where rows name records: app, model, fields.
REFS = (
    ("chains", "Link", ("cause", "effect")),
    ("clocks", "Clock", ("ref",)),
    ("evidence", "Evidence", ("ref",)),
    ("sensing", "Point", ("site_ref",)),
)


def move(apps, schema_editor):
    """All or nothing, in the transaction of the migration."""
    sites = list(apps.get_model("sites", "Site").records.order_by("pk"))
    if not sites:
        return
    batches = Batches(apps)
    moved = {}
    for site in sites:
        target = TARGETS.get(site.kind, ANY)
        moved[site.pk] = (target, _home(apps, site, target, batches).pk)
    _follow_merges(apps, sites, moved)
    refs = {f"site:{pk}": f"{target[1]}:{new}" for pk, (target, new) in moved.items()}
    former = apps.get_model("sites", "FormerSite").objects
    former.bulk_create(former.model(pk=pk, ref=refs[f"site:{pk}"]) for pk in moved)
    _histories(apps, moved, batches)
    _refs(apps, refs)


class Batches:
    """The parts of each batch by register: one act then is one act for each register now."""

    def __init__(self, apps):
        self.model = apps.get_model("registers", "Batch")
        self.found = {}

    def of(self, pk, register):
        """The batch of a record in its new register; the first register keeps the batch itself."""
        if pk is None:
            return None
        if (pk, register) not in self.found:
            batch = self.model.objects.get(pk=pk)
            if batch.register != "site":  # taken by a register before this one
                batch.pk = None
                batch._state.adding = True
            batch.register = register
            batch.save()
            self.found[pk, register] = batch.pk
        return self.found[pk, register]


def _home(apps, site, target, batches):
    """The record that a site becomes."""
    name, register, fields, fixed = target
    model = apps.get_model("sites", name)
    values = {name: getattr(site, name) for name in COMMON}
    values |= {new: getattr(site, old) for old, new in fields.items()} | fixed
    if site.removed_at is None:
        values["code"] = _free(model, site.code)
    lost = [
        f"{words}：{getattr(site, old)}" for old, words in WORDS.items() if old not in fields and getattr(site, old)
    ]
    values["remark"] = "\n".join(part for part in (values["remark"], *lost) if part)
    return model.records.create(**values, batch_id=batches.of(site.batch_id, register))


def _free(model, code):
    """The code itself, or with a number behind it where the register has it already."""
    taken, n = code, 1
    while model.records.filter(code=taken, removed_at=None).exists():
        n += 1
        taken = f"{code[:36]}-{n}"
    return taken


def _follow_merges(apps, sites, moved):
    """A merged record leads to where the other one went, where that is the same register."""
    for site in sites:
        if site.merged_into in moved and moved[site.merged_into][0] is moved[site.pk][0]:
            model = apps.get_model("sites", moved[site.pk][0][0])
            model.records.filter(pk=moved[site.pk][1]).update(merged_into=moved[site.merged_into][1])


def _histories(apps, moved, batches):
    """Lines of history go along, their fields under the new names; each register goes on with the numbers of before."""
    revisions = apps.get_model("registers", "Revision").objects
    flips = {}
    for line in revisions.filter(register="site").order_by("pk").iterator(chunk_size=2000):
        if line.record is None:
            flips[line.batch_id] = line
            continue
        if line.record not in moved:
            continue
        (_model, register, fields, _fixed), new = moved[line.record]
        line.before = {fields.get(name, name): value for name, value in line.before.items()}
        line.after = {fields.get(name, name): value for name, value in line.after.items()}
        line.register, line.record = register, new
        line.batch_id = batches.of(line.batch_id, register)
        line.save()
    heads = apps.get_model("registers", "Head").objects
    head = heads.filter(register="site").first()
    parts = defaultdict(list)
    for (old, register), new in batches.found.items():
        parts[old].append((register, new))
    for old, flip in flips.items():
        for at, (register, new) in enumerate(parts.get(old, [])):
            if at:
                flip.pk = None
                flip._state.adding = True
            flip.register, flip.batch_id = register, new
            flip.save()
    for register in {target[1] for target, _new in moved.values()}:
        mine, _made = heads.get_or_create(register=register)
        mine.n = max(mine.n, head.n if head else 0)
        mine.serial = max(mine.serial, head.serial if head else 0)
        mine.save()
    heads.filter(register="site").delete()
    revisions.filter(register="site").delete()  # flips of batches without a record
    apps.get_model("registers", "SavedView").objects.filter(register="site").update(register="enterprise")


def _refs(apps, refs):
    """Whatever names a record of before names it by its new name; the audit trail stays as it was sealed."""
    for app, name, fields in REFS:
        manager = apps.get_model(app, name)._default_manager
        for field in fields:
            for old in set(manager.filter(**{f"{field}__startswith": "site:"}).values_list(field, flat=True)):
                if old in refs:
                    manager.filter(**{field: old}).update(**{field: refs[old]})
    links = apps.get_model("registers", "Link").objects
    for link in links.filter(models.Q(one__startswith="site:") | models.Q(other__startswith="site:")):
        link.one, link.other = sorted((refs.get(link.one, link.one), refs.get(link.other, link.other)))
        link.save()
    for app, name in (("rulebook", "Entry"), ("sensing", "RuleChange")):
        for row in apps.get_model(app, name)._default_manager.filter(body__site__startswith="site:"):
            if row.body["site"] in refs:
                row.body = {**row.body, "site": refs[row.body["site"]]}
                row.save(update_fields=["body"])


class Migration(migrations.Migration):
    dependencies = [
        ("sites", "0004_enterprises"),
        ("registers", "0001_initial"),
        ("chains", "0001_initial"),
        ("clocks", "0001_initial"),
        ("evidence", "0001_initial"),
        ("rulebook", "0001_initial"),
        ("sensing", "0004_rule_changes"),
    ]

    operations = [
        migrations.CreateModel(
            name="FormerSite",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(max_length=80)),
            ],
            options={"ordering": ("id",)},
        ),
        migrations.RunPython(move, migrations.RunPython.noop),
    ]
