"""Chinese surnames and words, to tell names from words like them: 周女士 and 周末, 史老师 and 历史老师."""

from __future__ import annotations

from functools import cache
from typing import Final

COMPOUND_SURNAMES: Final = (
    "欧阳|歐陽|司马|司馬|上官|诸葛|諸葛|东方|東方|皇甫|尉迟|公孙|公孫|慕容|令狐|司徒"
    "|夏侯|宇文|长孙|長孫|端木|南宫|南宮|独孤|百里|轩辕|东郭|呼延"
)
SURNAMES: Final = (
    "王李张張刘劉陈陳杨楊赵趙黄黃周吴吳徐孙孫胡朱高林何郭马馬罗羅梁宋郑鄭谢謝韩韓唐冯馮于董萧蕭肖程曹袁邓鄧许許傅沈曾彭吕呂苏蘇卢盧蒋蔣蔡贾賈丁魏薛叶葉阎閻"
    "余潘杜戴夏钟鍾汪田任姜范方石姚谭譚廖邹鄒熊金陆陸郝孔白崔康毛邱秦江史顾顧侯邵孟龙龍万萬段雷钱錢汤湯尹黎易常武乔喬贺賀赖賴龚龔文庞龐樊兰蘭殷施陶洪"
    "翟安颜顏倪严嚴牛温溫芦季俞章鲁魯葛伍韦韋申尤毕畢聂聶丛焦向柳邢路岳齐齊梅莫庄莊辛管祝左涂谷祁时舒耿牟卜詹关關苗凌费費纪紀靳盛童欧歐甄项項曲成游阳裴席"
    "卫衛屈鲍鮑位覃霍翁隋植甘景薄单包司柏宁寧柯阮桂闵欧解强柴华車车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫來嵺苟全褚廉简娄盖符奚木穆党燕郎邸冀谈姬屠连"
    "郜晏栾郁商蒙计喻揭窦迟宇敖糜鄢冷卓花仇艾蓝都巩稽井练仲乐虞卞封竺冼原官衣楚佟栗匡宗应台巫鞠僧桑荆谌银扬明沙薄伏岑习胥保和蔺"
)
"""Most surnames of the Chinese, simplified and traditional, the common ones first."""

_ALSO_WORDS: Final = frozenset(
    "于高何万方金白安常文易时成单全向路和都保关管任程车原官明应位来來木米古谈盖强连包解计台商项向银花冷蒙华边席查童包左党司"
)
COMMON_SURNAMES: Final = "".join(dict.fromkeys(each for each in SURNAMES if each not in _ALSO_WORDS))
"""Surnames that are seldom a word of their own."""

_MISFILED: Final = frozenset({"白领", "金领", "老年", "成年", "谢谢", "陈列", "安转", "房务", "康体"})
"""Words that the dictionary has as names, names of departments (房务经理), and 安装 (师傅) as it is often mistyped."""


@cache
def _dictionary() -> dict[str, str]:
    """Word of two or three characters -> part of speech: the dictionary file that ships with jieba, whose own loader
    would leave a cache file behind.
    """
    import jieba

    found: dict[str, str] = {}
    with jieba.get_dict_file() as lines:
        for line in lines:
            word, _, tag = line.decode("utf-8").split()
            if 2 <= len(word) <= 3:
                found[word] = tag
    return found


def is_word(text: str) -> bool:
    """Whether the dictionary has `text`, names included."""
    return text in _dictionary()


def is_time(text: str) -> bool:
    """Whether `text` is a word for a time: 周末, 周三."""
    return _dictionary().get(text, "").startswith("t")


def is_no_name(text: str) -> bool:
    """Whether `text` is a word other than a person's name: 周末, 高端, 金牌."""
    return text in _MISFILED or not _dictionary().get(text, "nr").startswith("nr")
