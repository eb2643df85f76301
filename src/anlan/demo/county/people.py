"""The bureau, the towns' offices, and who works there."""

from __future__ import annotations

from collections.abc import Sequence

from pypinyin import lazy_pinyin

from anlan.demo.county.model import COUNTY, Department, Person, Place, Post, Site
from anlan.demo.county.names import person_name, phone
from anlan.demo.county.sites import LEAK_FIRM

BUREAU = "yjj"

#: Sections of the bureau: code, name.
SECTIONS = (
    ("yjj-zhzx", "指挥中心"),
    ("yjj-jck", "监测预警科"),
    ("yjj-whk", "危化科"),
    ("yjj-ksk", "矿山科"),
    ("yjj-fxb", "防汛抗旱指挥部办公室"),
    ("yjj-xxk", "信息科"),
)

#: People of the bureau who are named in the pictures or hold a seat that the demo needs: name, section, roles.
STAFF = (
    ("沈知微", "yjj", ("leader",)),
    ("卓立川", "yjj", ("leader",)),
    ("顾怀远", "yjj-zhzx", ("duty_officer",)),
    ("阮清和", "yjj-zhzx", ("duty_officer",)),
    ("梁砚秋", "yjj-zhzx", ("duty_officer",)),
    ("甘若谷", "yjj-zhzx", ("duty_officer", "record_keeper")),
    ("叶观澜", "yjj-jck", ("monitoring_engineer",)),
    ("骆予川", "yjj-jck", ("monitoring_engineer",)),
    ("陆景行", "yjj-whk", ("duty_officer", "record_keeper", "task_officer")),
    ("晏思衡", "yjj-whk", ("record_keeper", "task_officer")),
    ("程砚舟", "yjj-ksk", ("record_keeper", "task_officer")),
    ("辛舒野", "yjj-ksk", ("record_keeper", "task_officer")),
    ("苏听澜", "yjj-fxb", ("duty_officer",)),
    ("翁怀安", "yjj-fxb", ("record_keeper", "resource_keeper")),
    ("裴念慈", "yjj-xxk", ("system_admin",)),
    ("简含章", "yjj-xxk", ("security_admin",)),
    ("柏听雪", "yjj-xxk", ("audit_admin",)),
    ("闻人澍", "yjj", ("supervision_officer",)),
)

#: Duty posts of the bureau: duty, title, section, A, B.
DUTIES = (
    ("leader", "带班领导", "yjj", "沈知微", "卓立川"),
    ("duty_officer", "值班员", "yjj-zhzx", "顾怀远", "阮清和"),
    ("monitoring_engineer", "监测岗", "yjj-jck", "叶观澜", "骆予川"),
    ("hazardous_chemicals", "危化监管岗", "yjj-whk", "陆景行", "晏思衡"),
    ("mines", "矿山监管岗", "yjj-ksk", "程砚舟", "辛舒野"),
    ("flood_control", "防汛岗", "yjj-fxb", "苏听澜", "翁怀安"),
)


def staff(
    seed: int, towns: Sequence[Place], grids: Sequence[Place], sites: Sequence[Site]
) -> tuple[list[Department], list[Person], list[Post]]:
    """Departments from the top down, people with roles, posts A and B."""
    departments = [Department(BUREAU, "安澜县应急管理局", "", COUNTY, "19000008000")]
    departments += [
        Department(code, name, BUREAU, COUNTY, f"1900000{8001 + k}") for k, (code, name) in enumerate(SECTIONS)
    ]
    people: list[Person] = []
    posts: list[Post] = []
    taken: set[str] = set()

    def hire(name: str, number: str, department: str, roles: tuple[str, ...], region: str) -> str:
        username = login = "".join(lazy_pinyin(name))
        serial = 2
        while username in taken:
            username, serial = f"{login}{serial}", serial + 1
        taken.add(username)
        people.append(Person(username, name, number, department, roles, region))
        return username

    logins = {
        name: hire(name, phone(seed, 100 + k), section, roles, COUNTY) for k, (name, section, roles) in enumerate(STAFF)
    }
    for duty, title, section, a, b in DUTIES:
        posts.append(Post(duty, title, section, COUNTY, logins[a], "A"))
        posts.append(Post(duty, title, section, COUNTY, logins[b], "B"))
    for k, town in enumerate(towns):
        office = f"yjb-{town.code[6:9]}"
        departments.append(Department(office, f"{town.name}应急管理办公室", BUREAU, town.code, f"1900000{8100 + k}"))
        for slot in "AB":
            serial = 1000 + 10 * k + (slot == "B")
            login = hire(person_name(seed, serial), phone(seed, serial), office, ("town_officer",), town.code)
            posts.append(Post("information_officer", "灾害信息员", office, town.code, login, slot))
        own = next(grid for grid in grids if grid.code.startswith(town.code))
        login = hire(*own.worker, office, ("grid_worker",), own.parent)
        posts.append(Post("grid_worker", "网格员", office, own.parent, login, "A"))
    firm = next(site for site in sites if site.code == LEAK_FIRM)
    departments.append(Department("qy-" + firm.code.lower(), f"{firm.name}安全部", "", firm.town, firm.keeper_phone))
    login = hire(firm.keeper, firm.keeper_phone, "qy-" + firm.code.lower(), ("enterprise",), firm.town)
    posts.append(Post("enterprise", "企业安全负责人", "qy-" + firm.code.lower(), firm.town, login, "A"))
    return departments, people, posts
