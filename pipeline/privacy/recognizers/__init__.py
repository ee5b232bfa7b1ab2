"""Finders of personal data, one module per family. `RECOGNIZERS` lists them all; order does not matter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.privacy.recognizers.accounts import find_accounts
from pipeline.privacy.recognizers.addresses import find_addresses
from pipeline.privacy.recognizers.base import Recognizer, Span
from pipeline.privacy.recognizers.documents import PROVINCE_SIGNS, find_ids, find_passports, find_plates
from pipeline.privacy.recognizers.email import find_emails
from pipeline.privacy.recognizers.finance import find_cards, find_ibans, find_sole_traders
from pipeline.privacy.recognizers.names_en import find_english_names
from pipeline.privacy.recognizers.names_zh import find_chinese_names
from pipeline.privacy.recognizers.orders import OrderFinder
from pipeline.privacy.recognizers.phone import PhoneFinder
from pipeline.privacy.recognizers.url import find_urls

ACCOUNT_CUES = (
    r"微\s?信|威信|薇|徽信|卫星[a-zA-Z]|微[❤♥💗💕]|[加+][我一下个個你他她客服\s]{0,3}[vV微威赖賴]|扣扣|企[鹅鵝]|支付|抖音|小[红紅][书書]|微博|快手|旺旺|[钉釘]{2}|[账帐帳][号號户戶]"
    r"|群[号號]|[加进進入]群"
    r"|(?i:we\s?chat|weixin|wxid|wx|vx|v信|v\s*:|q|alipay|line|telegram|whatsapp|skype|snapchat|instagram|facebook|twitter|tiktok|discord|kakao|paypal|venmo)"
)
ADDRESS_CUES = (
    r"(?<=[0-9A-Za-z一二三四五六七八九十百零〇甲乙丙])(?:[号號栋棟幢座弄]|单元|單元)"
    r"|(?<=[0-9A-Za-z][ ,])(?: ?[A-Z][A-Za-z]|(?i:rue|via|calle|rua|chemin) )|(?<=[0-9][ ,])[0-9a-zA-Z]|[Bb][Oo][Xx] ?[0-9]"
)
NAME_CUES = (
    r"先生|女士|小姐|太太|夫人|师傅|師傅|经理|經理|老师|老師|医[生师]|醫[生師]|大夫|护士|護士|主任|教授|律[师師]|店[长長]|阿姨|大[姐哥]|同[学學]|警官"
    r"|姓名|名字[是叫]|[系繫絡件货貨诉訴请請卡事]人|[机车車]主|[户戶署]名|(?:[客旅乘]客|客户|患者)\s*:|我(?:名?叫)|本人|敬[礼禮上]|此致|--|\n\s*-"
    r"|(?:M(?:[rsx]|rs|iss|[RS]|RS|ISS)|mrs?|D[rR]|Prof(?:essor)?|Doctor)\b\.? |[Nn]ame(?: ?:|['’]s | is)|(?:assenger|ustomer|ecipient) ?:|ttn[.:]"
    r"|igned|speaking|egards|incerely|ours (?:tru|sinc|faith)|espectfully|(?:hanks?|you|heers|[Bb]est|ove|ishes)[,.!]? *\n"
)


def find_names(folded: str) -> Iterator[Span]:
    """Chinese and English names."""
    yield from find_chinese_names(folded)
    yield from find_english_names(folded)


def build_recognizers(phone_regions: Sequence[str], order_patterns: Sequence[str] = ()) -> tuple[Recognizer, ...]:
    """All finders except the one for IP addresses, which is Presidio's (see `engine`).

    `phone_regions`: ISO countries whose national phone formats are recognised besides the mainland's. Each `needs`
    and `min_digits` is a necessary condition: what it rules out, the finder cannot find.
    """
    return (
        Recognizer("URL", find_urls, needs=r"://|www\.|\.[A-Za-z]{2,24}[:/?]"),
        Recognizer("EMAIL", find_emails, needs=r"@|艾特|圈[aA]|[\[({<（【]\s?[aA][tT]\s?[\])}>）】]|\s(?:dot|DOT)\s"),
        Recognizer("ID", find_ids, min_digits=6),
        Recognizer("CARD", find_cards, min_digits=8),
        Recognizer("USCC", find_sole_traders, min_digits=8, needs="92"),
        Recognizer("IBAN", find_ibans, min_digits=2, needs=r"[A-Za-z]{2}[0-9]{2}"),
        Recognizer("PASSPORT", find_passports, min_digits=4),
        Recognizer(
            "PLATE", find_plates, min_digits=1, needs=rf"(?i)[{PROVINCE_SIGNS}][a-z]|车牌|車牌|plate|(?:registration|reg|vehicle|car)\s*n"
        ),
        Recognizer("PHONE", PhoneFinder(phone_regions), min_digits=7),
        Recognizer("ACCOUNT", find_accounts, needs=ACCOUNT_CUES),
        Recognizer("ORDER", OrderFinder(order_patterns), min_digits=0 if order_patterns else 1),
        Recognizer("ADDRESS", find_addresses, min_digits=1, needs=ADDRESS_CUES),
        Recognizer("NAME", find_names, needs=NAME_CUES),
    )
