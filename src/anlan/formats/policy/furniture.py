"""Lines that belong to the page on which a text was shown: navigation, buttons, counters, page numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from anlan.formats.policy.shadow import Shadow, Span

#: Words of pages, never of plans; a line that begins with one, or holds one and little else, is no part of the text.
_BEGINS = re.compile(
    r"(?:您的位置|当前位置|您现在的位置|您所在的位置|所在位置)\s*[:：]|首页\s*[>＞»›]|(?:上|下)一[篇页条]\s*[:：]?"
    r"|Produced\s+By"
    r"|发布(?:日期|时间)\s*[:：]|(?:信息|文章|稿件)?来源\s*[:：]|浏览(?:次数|量)\s*[:：]?|阅读(?:次数|量)\s*[:：]?"
    r"|点击(?:数|率|量)\s*[:：]?"
    r"|字号\s*[:：]|【?字体\s*[:：]|责任编辑\s*[:：]|(?:扫一扫|分享到|分享至)"
    r"|(?:主办|承办)单位\s*[:：].{0,60}(?:网站|版权|地址|邮编|技术支持|备案)"
    r"|.{0,10}版权所有|技术支持\s*[:：]|网站(?:地图|标识码)|.{0,6}ICP备|.{0,4}公网安备"
)
_WHOLE = re.compile(
    r"(?:[【\[〖]?(?:打印(?:本页)?|关闭(?:窗口)?|收藏|分享|返回(?:顶部|首页)?|纠错|下载|大|中|小)[】\]〗]?[\s|·]*){1,8}"
    r"|查看详情\W*|相关推荐|相关(?:链接|文章|阅读|文档)\W*|(?:最近|热门)搜索|发送至邮箱|图片|内容|正文|首页|登录"
    r"|注册|无障碍(?:浏览|阅读)?"
    r"|用户中心|网站首页|加入收藏|设为首页|繁體版|繁体版|简体版|English|长者模式|搜索|政务公开|信息公开|政务服务"
)
_SHARED = re.compile(r"(?:由会员分享|在线阅读|页珍藏版|上搜索)")
_TITLE = re.compile(
    r".*(?:要点|方案|规划|计划|通知|通告|公告|意见|办法|规定|条例|细则|制度|纲要|预案|法|清单|报告|措施|决定|标准"
    r"|导则|规程|指南)"
    r"\s*(?:[（(].{1,24}[)）])?"
)
_ISSUER = re.compile(r".*(?:文件|政府|委员会|办公室|局|厅|部|院|公司|集团|指挥部|号|日|[:：])")
#: Lines of a page above the title are short, and so few in a file; menus of a page of the web are longer.
_SHORT, _ABOVE, _ABOVE_ON_PAGES = 24, 8, 200
#: A title has so many signs at least: 规划计划 is an entry of a menu.
_LEAST = 9
#: Lines at the beginning (and behind the title) and at the end among which what belongs to a page is looked for.
_HEAD, _FOOT = 12, 30
_NUMBER_LINE = re.compile(
    r"[-—–~·\s]{1,4}\d{1,4}[-—–~·\s]{1,4}|第\s*\d{1,4}\s*页(?:\s*[,，/]?\s*共\s*\d{1,4}\s*页)?"
    r"|\d{1,4}\s*/\s*\d{1,4}|[Pp]age\s*\d{1,4}(?:\s*of\s*\d{1,4})?"
)
_BARE = re.compile(r"\d{1,4}")
_LEADING = re.compile(r"(\d{1,3})\s?[、.．](?!\d)\s*")
_ENDS = "。！？!?；;：:”』」）)】"


def navigation(shadow: Shadow) -> Iterator[Span]:
    """Lines of the page around the text."""
    lines = shadow.lines()
    above = _ABOVE_ON_PAGES if shadow.kind == "html" else _ABOVE
    title = next((n for n, (start, end) in enumerate(lines[: above * 2])
                  if _LEAST <= end - start <= 80 and _TITLE.fullmatch(shadow.text, start, end)), -1)  # fmt: skip
    head, foot = max(_HEAD, title + _HEAD), len(lines) - (_FOOT * 2 if shadow.kind == "html" else _FOOT)
    surely = {
        n for n, (start, end) in enumerate(lines)
        if (n < head or n >= foot) and not shadow.is_table(start) and _is_of_a_page(shadow.text[start:end], n)
    }  # fmt: skip
    surely |= _running(shadow, lines)
    foot = _foot(shadow, lines, surely)
    for n, (start, end) in enumerate(lines):
        said = shadow.text[start:end]
        over = n < min(title, above) and len(said) <= _SHORT and said[-1] not in _ENDS + "，,、"
        if n in surely or n >= foot or (over and not _ISSUER.fullmatch(said)):
            yield start, end, ""


def _is_of_a_page(said: str, n: int) -> bool:
    return bool(
        (len(said) <= 120 and _BEGINS.match(said))
        or (len(said) <= 120 and _WHOLE.fullmatch(said))
        or (n < 3 and len(_SHARED.findall(said)) >= 2)
    )


def _running(shadow: Shadow, lines: list[tuple[int, int]]) -> set[int]:
    """Heads and feet of printed pages: lines at their edges that most pages repeat."""
    if shadow.kind != "pdf":
        return set()
    edges = [n for n in range(len(lines)) if _at_an_edge(shadow, lines, n)]
    counts = Counter(shadow.text[slice(*lines[n])] for n in edges)
    pages = shadow.text.count("\f") + 1
    return {n for n in edges if counts[shadow.text[slice(*lines[n])]] >= max(3, pages // 2)}


def _foot(shadow: Shadow, lines: list[tuple[int, int]], surely: set[int]) -> int:
    """The line from which on only short lines follow, the first of them surely of a page."""
    foot = len(lines)
    for n in range(len(lines) - 1, -1, -1):
        if n in surely:
            foot = n
        elif lines[n][1] - lines[n][0] > _SHORT or shadow.text[lines[n][1] - 1] in _ENDS:
            break
    return foot


def page_numbers(shadow: Shadow) -> Iterator[Span]:
    """Numbers of pages: on lines of their own, and those that begin a line because the page began there."""
    yield from _on_their_own(shadow)
    yield from _glued(shadow)


def _on_their_own(shadow: Shadow) -> Iterator[Span]:
    lines = shadow.lines()
    for n, (start, end) in enumerate(lines):
        said = shadow.text[start:end]
        edge = _at_an_edge(shadow, lines, n)
        if not shadow.is_table(start) and (_NUMBER_LINE.fullmatch(said) or (edge and _BARE.fullmatch(said))):
            yield start, end, ""


def _at_an_edge(shadow: Shadow, lines: list[tuple[int, int]], n: int) -> bool:
    """Is this the first or the last line of a page?"""
    if shadow.kind != "pdf":
        return False
    before = shadow.text[lines[n - 1][1] if n else 0 : lines[n][0]]
    after = shadow.text[lines[n][1] : lines[n + 1][0] if n + 1 < len(lines) else len(shadow.text)]
    return "\f" in before or "\f" in after or n in (0, len(lines) - 1)


def _glued(shadow: Shadow) -> Iterator[Span]:
    """Page numbers that a conversion left at the head of each page's text: 1、…  2、… in the middle of sentences."""
    lines = shadow.lines()
    begins = [(n, found) for n, (start, end) in enumerate(lines) if (found := _LEADING.match(shadow.text, start, end))]
    series: list[tuple[int, re.Match[str]]] = []
    for n, found in begins:
        if int(found[1]) == len(series) + 1:
            series.append((n, found))
    broken = sum(1 for n, _found in series[1:] if shadow.text[lines[n - 1][1] - 1] not in _ENDS)
    # Every line of the text begins with one, and most of them in the middle of a sentence.
    if len(series) < 3 or broken * 2 < len(series) - 1 or len(lines) - series[0][0] > len(series) + 2:
        return
    for n, found in series:
        start = lines[n - 1][1] if n > series[0][0] else found.start()
        yield start, found.end(), ""
