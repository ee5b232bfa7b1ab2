"""Finders of personal data, one module per family. `RECOGNIZERS` lists them all; order does not matter."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.privacy.recognizers import cues
from pipeline.privacy.recognizers.accounts import find_accounts
from pipeline.privacy.recognizers.addresses import find_addresses
from pipeline.privacy.recognizers.base import Recognizer
from pipeline.privacy.recognizers.documents import find_ids, find_passports, find_plates
from pipeline.privacy.recognizers.email import find_emails
from pipeline.privacy.recognizers.finance import find_cards, find_ibans, find_sole_traders
from pipeline.privacy.recognizers.names_en import find_english_names
from pipeline.privacy.recognizers.names_zh import find_chinese_names
from pipeline.privacy.recognizers.orders import OrderFinder, find_carrier_numbers
from pipeline.privacy.recognizers.phone import PhoneFinder
from pipeline.privacy.recognizers.url import find_urls


def build_recognizers(phone_regions: Sequence[str], order_patterns: Sequence[str] = ()) -> tuple[Recognizer, ...]:
    """All finders except the one for IP addresses, which is Presidio's (see `engine`).

    `phone_regions`: ISO countries whose national phone formats are recognised besides the mainland's. Each `needs`
    and `min_digits` is a necessary condition: what it rules out, the finder cannot find.
    """
    return (
        Recognizer("URL", find_urls, needs=(r"://|www\.|\.[A-Za-z]{2,24}[:/?]",)),
        Recognizer("EMAIL", find_emails, words=cues.EMAIL_WORDS),
        Recognizer("ID", find_ids, min_digits=4, needs=(cues.ID_FORM,)),
        Recognizer("USCC", find_sole_traders, min_digits=8, words=("92",)),
        Recognizer("CARD", find_cards, min_digits=8, needs=(cues.CARD_FORM,)),
        Recognizer("IBAN", find_ibans, min_digits=2, needs=(r"[A-Za-z]{2}[0-9]{2}",)),
        Recognizer("PASSPORT", find_passports, min_digits=4, needs=(cues.PASSPORT_FORM,)),
        Recognizer("PLATE", find_plates, min_digits=1, words=cues.PLATE_WORDS, needs=(cues.PLATE_FORM,)),
        Recognizer("PHONE", PhoneFinder(phone_regions), min_digits=7, needs=(cues.PHONE_FORM,)),
        Recognizer("ACCOUNT", find_accounts, words=cues.ACCOUNT_WORDS, needs=(cues.ACCOUNT_SIGNS, cues.ACCOUNT_FORM)),
        Recognizer(
            "ORDER",
            OrderFinder(order_patterns),
            min_digits=0 if order_patterns else 1,
            words=() if order_patterns else cues.ORDER_WORDS,
            needs=() if order_patterns else (cues.ORDER_FORM,),
        ),
        Recognizer("ORDER", find_carrier_numbers, min_digits=9, needs=(cues.CARRIER_FORM,)),
        Recognizer("ADDRESS", find_addresses, min_digits=1, needs=(cues.ADDRESS_FORM,)),
        Recognizer("NAME", find_chinese_names, words=cues.CHINESE_NAME_WORDS, needs=(cues.CHINESE_NAME_FORM,)),
        Recognizer("NAME", find_english_names, words=cues.ENGLISH_NAME_WORDS, needs=(cues.ENGLISH_NAME_FORM,)),
    )
