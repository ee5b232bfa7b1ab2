"""Messenger and payment accounts: an id is one only because a word says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pipeline.privacy.recognizers.base import LINK, Span
from pipeline.privacy.recognizers.documents import is_date

_VX: Final = r"(?:[vw]x(?![iu])|[vw](?=x[iu]))"
"""vx or wx, and a v or w whose x begins the id: in 加vxiaobai_01 the x is that of xiaobai, for no pinyin syllable
starts with `iao`. Where both can be meant (vxiris_88) the longer id is masked."""

_SERVICE: Final = (
    r"(?:微\s?信|威信|薇信?|徽信|卫星(?=[a-z]+[0-9_])|微[❤♥💗💕]\ufe0f?|支付宝|支付寶|抖音|小红书|小紅書|微博|快手|旺旺|钉钉|釘釘"
    rf"|(?<![a-z0-9])v(?=\s*:)|(?<![a-z])(?:we\s?chat|weixin|{_VX}|v信|alipay|telegram|whatsapp|skype|line|snapchat|instagram|facebook|twitter|tiktok|discord|kakao(?:talk)?|paypal|venmo))"
)
_WITH_ACCOUNTS: Final = (
    rf"(?:{_SERVICE}|淘宝|淘寶|京东|京東|拼多多|闲鱼|知乎|哔哩哔哩|b站|美团|饿了么|携程|滴滴|会员|用户|游戏)"
)
_LETTERS: Final = r"[a-z][a-z0-9_-]{5,19}(?![a-z0-9_-])"
_MARKED: Final = r"(?=[a-z-]{0,19}[0-9_])[a-z0-9][a-z0-9_-]{5,19}(?![a-z0-9_-])"
"""An id with a digit or underscore, which no English word has."""

_DOTTED: Final = r"(?=[a-z0-9._-]{0,19}[0-9_.])[a-z0-9][a-z0-9_-]{1,19}(?:\.[a-z0-9_-]{2,19}){1,2}(?![a-z0-9_-])"
_HANDLE: Final = r"@[a-z0-9_](?:[a-z0-9_.]{1,28}[a-z0-9_])(?![a-z0-9_])|live:[a-z0-9._-]{3,30}(?<![.-])"
_NUMERIC: Final = r"[1-9][0-9]{5,10}(?![0-9a-z_]|\.[0-9]|\s*[元块塊个個人万萬天月年次条條多])"
_CHINESE: Final = "\u4e00-\u9fff"
_NAMED_BY: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # 微信号abc, 微信号码：13579246
        rf"{_SERVICE}[号號][码碼]?{LINK}(?P<v>{_DOTTED}|{_LETTERS}|{_MARKED}|{_NUMERIC})",
        # 支付宝账号 zhang88, WeChat ID is zhang_88, wechat id: zhangsan
        rf"{_WITH_ACCOUNTS}(?:[账帐帳][号號户戶]|\s*(?:user)?(?:id|name|account|handle)(?![a-z])){LINK}"
        rf"(?P<v>{_HANDLE}|{_DOTTED}|{_MARKED}|(?<=:){_LETTERS}|(?<=:\s){_LETTERS}|{_NUMERIC})",
        # 加我微信zhangsan, 我的vx是abc123, my wechat is zhang_san
        rf"(?:加|联系|聯繫|聯絡|私|找|搜|扫|留|我|my|add)(?:我|一下|下|個|个|你|客服|老板|的|me|on|\s){{0,4}}{_SERVICE}{LINK}"
        rf"(?P<v>{_MARKED}|(?<=[{_CHINESE}]){_LETTERS}|(?<=[{_CHINESE}][:\s]){_LETTERS}|{_NUMERIC})",
        # 微信：abc123, vx 12345678, 微信zhang36, WeChat abc_123
        rf"{_SERVICE}(?:\s*[:=]\s*(?P<v>{_HANDLE}|{_MARKED}|{_NUMERIC}))",
        rf"{_SERVICE}\s(?P<v>{_HANDLE})",
        rf"skype\s*[:=]\s*(?P<v>{_DOTTED})",  # elsewhere a dotted id would rather be an address
        # vx abc123: words that stand for nothing but an id
        rf"(?:(?<![a-z])(?:{_VX}|v信)|薇信|威信|徽信|微[❤♥💗💕]\ufe0f?)\s?(?P<v>(?=[a-z]){_MARKED})",
        # vx：abcdef, 加v：abcdef: after a colon, an id of letters alone
        rf"(?:(?<![a-z])v[x信]|[加+](?:我|一下|下|个|個)?\s?v|薇信|威信|徽信)\s?:\s?(?P<v>{_LETTERS})",
        rf"{_SERVICE}\s?(?P<v>{_NUMERIC}|(?<=[{_CHINESE}])(?=[a-z]+[0-9]{{2}}){_MARKED})",
        rf"{_SERVICE}\s?(?P<v>(?=[a-z0-9]{{1,19}}_)[a-z][a-z0-9_-]{{5,19}}(?![a-z0-9_-]))",
        # 加v abc123, +v：abc123, 加微abc123
        rf"[加+](?:我|一下|下|个|個|你|他|她|客服)?\s?(?:v(?![a-z])|[微威](?!信)|[赖賴])[:\s]{{0,3}}(?P<v>{_MARKED}|{_NUMERIC})",
        r"加(?:我|一下|下|个|個|你)?v(?!ip|ivo|ideo|mware|ersion|alue|olume)(?P<v>[a-wyz][a-z]{0,9}(?:_?[0-9]{3,10}|_[0-9]{1,2})(?![a-z0-9_]))",
        # QQ:12345, Q-Q联系 12345678, 加q 123456
        rf"(?:(?<![a-z])q[-\s.]?q|(?<![a-z])q(?=[号號群])|加\s?q|扣扣|企[鹅鵝][号號]?|(?:[加进進入]群|群[号號])|(?<![a-z0-9])q(?=\s?:\s?[1-9]))"
        rf"(?:群|联系|聯繫|\s*(?:group|chat)(?![a-z])){{0,2}}{LINK}(?P<v>(?<=[:号號 ])[1-9][0-9]{{2,4}}(?:["
        rf" -][0-9]{{3,5}}){{1,2}}(?![0-9]|\s*[元块塊])"
        r"|[1-9][0-9]{4,10}(?![0-9]|\.[0-9]|\s*[元块塊个個人万萬天月年次条條多]))",
        r"(?<![a-z0-9_])(?P<v>wxid_[a-z0-9]{6,32})(?![a-z0-9_])",
    )
)
_THING: Final = re.compile(
    r"(?:iphone|ipad|ios|android|windows|win|mac|macos|mate|huawei|xiaomi|redmi|oppo|vivo|honor|version|ver|build|beta|alpha"
    r"|support|payments?|services?|accounts?|customer|please|number|wallet|mini|groups?|official|app|pay|video)"
    r"[-_0-9a-z]{0,6}$",
    re.IGNORECASE,
)
"""Words that follow 微信 or WeChat without being anybody's id: devices, versions, features."""


def find_accounts(folded: str) -> Iterator[Span]:
    """Ids of WeChat, QQ, Alipay and similar services, where a noun (号, id), a verb (加我), a colon or the id's own
    form says that one follows the service's name. Group numbers count: they lead to people.
    """
    for pattern in _NAMED_BY:
        for match in pattern.finditer(folded):
            if not _THING.match(match["v"]) and not is_date(match["v"]):
                yield match.span("v")
