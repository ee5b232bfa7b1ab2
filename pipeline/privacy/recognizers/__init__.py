"""Finders of personal data, one module per family. `RECOGNIZERS` lists them all; order does not matter."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.privacy.recognizers.accounts import find_accounts
from pipeline.privacy.recognizers.base import Recognizer
from pipeline.privacy.recognizers.documents import PROVINCE_SIGNS, find_ids, find_passports, find_plates
from pipeline.privacy.recognizers.email import find_emails
from pipeline.privacy.recognizers.finance import find_cards, find_ibans
from pipeline.privacy.recognizers.phone import PhoneFinder
from pipeline.privacy.recognizers.url import find_urls

ACCOUNT_CUES = (
    r"微\s?信|威信|薇|徽信|we\s?chat|weixin|wxid|wx|vx|v信|[加+]\s?[v微威]|v\s*:|q|扣扣|企鹅|企鵝|支付|alipay|line|telegram|whatsapp|skype"
    r"|抖音|小红书|小紅書|微博|快手"
)


def build_recognizers(phone_regions: Sequence[str]) -> tuple[Recognizer, ...]:
    """All finders except the one for IP addresses, which is Presidio's (see `engine`).

    `phone_regions`: ISO countries whose national phone formats are recognised besides the mainland's. Each `needs`
    and `min_digits` is a necessary condition: what it rules out, the finder cannot find.
    """
    return (
        Recognizer("URL", find_urls, needs=r"://|www\.|\.[A-Za-z]{2,24}[:/?]"),
        Recognizer("EMAIL", find_emails, needs="@"),
        Recognizer("ID", find_ids, min_digits=6),
        Recognizer("CARD", find_cards, min_digits=8),
        Recognizer("IBAN", find_ibans, min_digits=2, needs=r"[A-Za-z]{2}[0-9]{2}"),
        Recognizer("PASSPORT", find_passports, min_digits=4),
        Recognizer(
            "PLATE", find_plates, min_digits=1, needs=rf"(?i)[{PROVINCE_SIGNS}][a-z]|车牌|車牌|plate|registration"
        ),
        Recognizer("PHONE", PhoneFinder(phone_regions), min_digits=7),
        Recognizer("ACCOUNT", find_accounts, needs=f"(?i){ACCOUNT_CUES}"),
    )
