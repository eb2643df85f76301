"""What the address of a source may look like, and the one that is asked at a moment."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, quote, urlsplit

from anlan.apps.outside.models import Feed

#: Names of parts of an address that hold a secret; such a part is written {key}.
SECRETS = frozenset(
    ("token", "access_token", "password", "passwd", "pwd", "secret", "auth", "key", "api_key", "apikey", "map_key")
)
_PLACES = re.compile(r"\{[^{}]*\}")
#: Days before today (UTC) that a word in an address stands for.
DAYS = {"{today}": 0, "{yesterday}": 1, "{week_ago}": 7}
KEY = "{key}"


def fault_of(url: str) -> str:
    """What is wrong with an address, as a code: shape, login, secret, word; "" when nothing is."""
    bare = _PLACES.sub("x", url)
    try:
        parts = urlsplit(bare)
        port = parts.port
    except ValueError:
        return "shape"
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or parts.fragment:
        return "shape"
    if any(sign.isspace() or not sign.isprintable() for sign in url):
        return "shape"
    if parts.username is not None or parts.password is not None:
        return "login"
    if "{" in (urlsplit(url).netloc or "") or any(word not in (*DAYS, KEY) for word in _PLACES.findall(url)):
        return "word"
    named = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    if any(name.lower() in SECRETS and KEY not in value for name, value in named):
        return "secret"
    return ""


def address_of(feed: Feed, now: datetime) -> str:
    """The address with its words replaced, the key among them: it is asked and never shown or logged."""
    url = feed.url
    for word, days in DAYS.items():
        url = url.replace(word, f"{now - timedelta(days=days):%Y-%m-%d}")
    return url.replace(KEY, quote(feed.key, safe=""))
