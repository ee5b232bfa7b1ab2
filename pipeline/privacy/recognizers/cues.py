"""What a text must hold for a recogniser to find anything in it: cheap tests that most texts fail.

`*_WORDS` are substrings of the case-folded text, one of which must occur; `*_FORM` are patterns that must match too.
Both are necessary conditions: what they rule out, the finder cannot find (a property test compares the two ways).
"""

from __future__ import annotations

from typing import Final

from pipeline.privacy.recognizers.documents import PROVINCE_SIGNS
from pipeline.privacy.recognizers.lexicon import COMPOUND_SURNAMES, SURNAMES

ID_FORM: Final = r"[0-9](?:[ .-]?[0-9]){5}|(?i:licen[cs]e)"
CARD_FORM: Final = r"[0-9](?:[ .-]{0,2}[0-9]){7}"
PASSPORT_FORM: Final = r"[A-Za-z][0-9]{7}|护照|護照|(?i:passport)"
PHONE_FORM: Final = r"\+|[0-9](?:[^0-9A-Za-z\u4e00-\u9fff]{0,6}[0-9]){6}"

EMAIL_WORDS: Final = (
    "@",
    "艾特",
    "圈a",
    "at)",
    "at]",
    "at}",
    "at>",
    "at）",
    "at】",
    "at )",
    "at ]",
    "at ）",
    "at 】",
    "at }",
    "at >",
    " dot ",
)

PLATE_WORDS: Final = (*PROVINCE_SIGNS, "plate", "registration", "reg", "vehicle", "car", "车牌", "車牌")
PLATE_FORM: Final = rf"[{PROVINCE_SIGNS}][A-Za-z]|车牌|車牌|(?i:plate|(?:registration|reg|vehicle|car)\s*(?:n|p))"

ACCOUNT_WORDS: Final = (
    *(
        "微",
        "威",
        "薇",
        "徽信",
        "卫星",
        "赖",
        "賴",
        "扣扣",
        "企鹅",
        "企鵝",
        "支付",
        "抖音",
        "小红书",
        "小紅書",
        "快手",
        "旺旺",
        "钉钉",
        "釘釘",
    ),
    *(
        "号",
        "號",
        "账户",
        "帐户",
        "帳戶",
        "加群",
        "进群",
        "進群",
        "入群",
        "v:",
        "v :",
        "v信",
        "+v",
        "加v",
        "+ v",
        "加 v",
        "我v",
        "下v",
        "个v",
        "個v",
        "你v",
        "他v",
        "她v",
        "服v",
        "我 v",
        "下 v",
    ),
    *(
        "chat",
        "weixin",
        "wx",
        "vx",
        "qq",
        "q:",
        "q :",
        "q q",
        "q-q",
        "q.q",
        "q号",
        "q群",
        "加q",
        "加 q",
        "alipay",
        "line",
        "telegram",
        "whatsapp",
        "skype",
    ),
    *("snapchat", "instagram", "facebook", "twitter", "tiktok", "discord", "kakao", "paypal", "venmo"),
)
ACCOUNT_FORM: Final = r"[0-9A-Za-z_@][0-9A-Za-z_@:. -]{4}"
ACCOUNT_SIGNS: Final = r"[0-9_@:\u4e00-\u9fff]"
"""Ids of letters alone count only behind Chinese or a colon."""

ORDER_WORDS: Final = (
    *(
        "号",
        "號",
        "订单",
        "訂單",
        "快递",
        "快遞",
        "运单",
        "運單",
        "包裹",
        "邮政",
        "邮件",
        "预订",
        "预约",
        "預訂",
        "订座",
        "订票",
        "order",
        "tracking",
    ),
    *(
        "shipment",
        "parcel",
        "package",
        "waybill",
        "transaction",
        "consignment",
        "booking",
        "reservation",
        "confirmation",
        "pnr",
    ),
)
CARRIER_FORM: Final = r"[A-Za-z]{2}[0-9]{9}|[Jj][Dd][A-Za-z]{1,3}[0-9]{9}|1[Zz][0-9A-Za-z]{16}"
ORDER_FORM: Final = (
    r"[单單递遞流快物裹货貨款后後水易付保订訂约約票面定][编編]?[号號]|(?:订单|訂單|快[递遞]|运单|運單|包裹|邮[政件])\s*:?\s*[0-9A-Za-z]"
    r"|(?i:预[订约]|預訂|订[座票])\s*[0-9A-Za-z:#码是为\s]"
    r"|(?i:(?:order|tracking|shipment|parcel|package|waybill|transaction|consignment|booking|reservation|confirmation|pnr)s?"
    r"[\s:#=(.-]{0,5}(?:[0-9#]|(?:id|no|num|code|ref|is|was)(?:[^a-z]|e?r|b)|[a-z-]{1,5}[0-9]))"
)

ADDRESS_FORM: Final = (
    r"[路街道同弄巷村里裡段区區园園寓厦廈场場城苑府庭邸墅湾灣轩軒阁閣居坊庄院舍心楼樓期][0-9A-Za-z/一二三四五六七八九十百零〇甲乙丙-]{1,12}[号號弄巷栋棟幢座单單]"
    r"|[0-9][0-9A-Za-z/-]{0,8},?(?: [^\s,]{1,24}){0,5} (?i:street|st|avenue|ave|road"
    r"|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|place|pl|square|sq"
    r"|terrace|crescent|close|parkway|pkwy|highway|hwy|gardens?|mews|quay|walk|way|row|hill|building|estate|mansions?|house|cent(?:er|re)|plaza|towers?)(?![A-Za-z])"
    r"|[0-9A-Z],? (?:[A-Z][A-Za-z'’.]* ){1,3}(?:Gardens?|Court|Building|Estate|Mansions?"
    r"|House|Cent(?:er|re)|Plaza|Towers?)"
    r"|[0-9][A-Za-z]?,? (?i:rue|via|calle|rua|avenida|avenue|chemin) |[Bb](?:ox|OX) ?[0-9]"
)

CHINESE_NAME_WORDS: Final = (
    *(
        "先生",
        "女士",
        "小姐",
        "太太",
        "夫人",
        "师傅",
        "師傅",
        "经理",
        "經理",
        "老师",
        "老師",
        "医",
        "醫",
        "大夫",
        "护士",
        "護士",
        "主任",
        "教授",
    ),
    *(
        "律师",
        "律師",
        "店长",
        "店長",
        "阿姨",
        "大姐",
        "大哥",
        "同学",
        "同學",
        "警官",
        "姓名",
        "名字",
        "系人",
        "繫人",
        "絡人",
        "络人",
        "件人",
    ),
    *(
        "货人",
        "貨人",
        "诉人",
        "訴人",
        "请人",
        "請人",
        "卡人",
        "事人",
        "机主",
        "车主",
        "車主",
        "户名",
        "戶名",
        "署名",
        "客户",
        "顾客",
        "乘客",
        "旅客",
    ),
    *("患者", "我叫", "名叫", "本人", "敬礼", "敬禮", "敬上", "此致", "--", "\n"),
)
CHINESE_NAME_FORM: Final = (
    rf"(?:[{SURNAMES}][\u4e00-\u9fff]{{0,2}}|(?:{COMPOUND_SURNAMES})[\u4e00-\u9fff]{{0,2}})(?:先生|女士|小姐(?!姐)|太太|夫人|师傅|師傅|经理|經理|老师|老師"
    r"|医[生师]|醫[生師]|大夫|护士|護士|班?主任|教授|律[师師]|店[长長]|阿姨|大[姐哥]|同[学學]|警官)"
    rf"|姓名|名字[是叫]|[系繫絡络件货貨诉訴请請卡事]人|[机车車]主|[户戶署]名|(?:[客旅乘]客|顾客|客户|患者)\s*:|(?:我名?叫|本人)[{SURNAMES}]|敬[礼禮上]|此致\s*\n"
    rf"|(?:--|\n\s*-)\s*[{SURNAMES}]"
)

ENGLISH_NAME_WORDS: Final = (
    *(
        "mr ",
        "mr.",
        "mrs",
        "ms ",
        "ms.",
        "mx ",
        "mx.",
        "miss ",
        "miss.",
        "dr ",
        "dr.",
        "prof",
        "doctor",
        "name",
        "passenger",
        "customer",
    ),
    *("recipient", "attn", "signed", "speaking", "regards", "sincerely", "yours", "respectfully", "\n"),
)
ENGLISH_NAME_FORM: Final = (
    r"(?:M(?:[rsx]|rs|iss|[RS]|RS|ISS)|mrs?|D[rR]|Prof(?:essor)?|Doctor)\b\.? +[A-Za-z]"
    r"|(?:[Nn]ame(?: is| ?:|['’]s)|[Pp]assenger ?:|[Cc]ustomer ?:|[Rr]ecipient ?:|[Aa]ttn[.:]"
    r"|[Ss]igned(?: by| ?[:,])) +[A-Z]|speaking"
    r"|(?:egards|incerely|[Yy]ours(?: truly| sincerely| faithfully)?|espectfully)[,.]?\s+[A-Z]"
    r"|(?:hanks?|you|heers|[Bb]est|ove|ishes)[,.!]? *\n\s*[A-Z]"
    r"|\n\s*-{1,2}[ ]*[A-Z]"
)
