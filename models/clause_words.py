"""Words and characters that the clause rules look for, Chinese and English. They belong to the weights,
too.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Escapes keep full-width and half-width forms apart: , ; : ! ? 、 。 and their ASCII twins.
BREAK = frozenset(
    ",.;:!?\uff0c\uff1b\uff1a\uff01\uff1f\uff0e\u3001\u3002\uff61\uff64~\uff5e\u2014\u2013|\uff5c\u00b7\u2022*"
)
OPEN = frozenset("([{\uff08\uff3b\uff5b\u3010\u300a\u300c\u300e\u3014")
CLOSE = frozenset(")]}\uff09\uff3d\uff5d\u3011\u300b\u300d\u300f\u3015\u201d\u2019\"'")

EN_CONNECTIVES = _words(
    "but and although though because since so while whereas which however yet except plus then also "
    "when if unless despite instead until or who where after before otherwise overall cuz bc"
)
# A new clause may start with these when an unpunctuated stretch runs on (... was great we loved it),
EN_SUBJECTS = _words("i we they he she it there you")
# but not right behind a word that wants a complement.
EN_WANTS_MORE = _words(
    "a an the of to in on at by for from with into onto about over under than that what how why is "
    "are was were be been am do does did have has had will would can could should may might must not "
    "n't no very so too as like and or but if when while because since though although which who "
    "where my our your their his her its this these those let make makes made give gave get got told "
    "tell asked ask said say says think thought know knew hope wish sure i we they he she you it "
    "both all find found see saw love loved liked need want use used off up out during between "
    "before after until"
)

ZH_CONNECTIVES = _words(
    "但 但是 不过 就是 可惜 而且 另外 还有 然而 可是 只是 却 虽然 尽管 因为 所以 因此 而 并且 此外 "
    "同时 其次 首先 最后 然后 除了 除此之外 总之 总体 总的来说 总体来说 整体 如果 要是 希望 建议 "
    "唯一 至于 何况 甚至 反而 结果 其他 其它 不但 不仅 加上 再加上 再说 再者 外加 美中不足 遗憾 尤其 "
    "特别是 关键 关键是 本来 没想到 幸好 好在 毕竟 难怪 而是 雖然 但係 不過 還有 因為 結果 建議 比如 "
    "例如 无论 不管 即使 哪怕 除非 只要 以至于 导致 于是 接着 后来 下次 期待 感觉 觉得 顺便 对了 "
    "请问 麻烦 真心 反正 起码 至少 而言 虽说 倒是 以及 包括"
)
# These belong to the connective behind them: 不|建议, 我|希望.
ZH_LEANS = _words("不 也 很 非常 我 还 最 更 只 就 真心 强烈 还是")
# Particles that can end a clause.
ZH_FINAL = _words("了 啦 吧 呢 啊 呀 哦 嘛 咯 喽 哈 吗 滴 哒")
# These make the adjective behind them a predicate,
ZH_DEGREE = _words(
    "很 太 挺 蛮 好 真 真的 非常 特别 比较 超 超级 十分 相当 最 更 还 还是 也 都 不 没 没有 不太 "
    "有点 有些 有点儿 格外 极其 略 稍 稍微 确实 的确 够 足够"
)
# and these, behind an adjective, show that it goes on.
ZH_ATTACHES = _words(
    "的 地 得 了 着 过 啦 吧 呢 啊 呀 哦 嘛 吗 到 多 点 些 一点 一些 极了 死了 之 于 在 起来 上 下 "
    "去 来 和 与 及 也 都 又 还 一下 一次 一个 我 你 他 她 它"
)
# Parts of speech (jieba's tags) that can open a new clause behind a complete one.
ZH_SUBJECT = ("n", "r", "v", "t", "s", "f", "j", "b")

# In run-ons: Chinese words that want something behind them (beside degree words, which ZH_DEGREE lists),
ZH_OPEN_ENDED = ZH_DEGREE | _words(
    "的 地 得 着 和 与 及 跟 同 把 被 让 给 在 从 向 对 对于 为 为了 以 由 于 到 比 像 按 将 这 那 这个 那个 "
    "这家 一 每 各 某 几 两 多 大 小 新 老 好多 很多 就 才 又 再 已 已经 是 有 会 要 能 可以 可 想 得 来 去 "
    "我 你 他 她 它 我们 他们 你们 人家 一个 一些 一点 一下 个 什么 怎么 说 叫 请 用 看 买 送 点 做 打 吃 收 等 排"
)
# English words that want something behind them in a run-on, beside `EN_WANTS_MORE`,
EN_OPEN_ENDED = EN_WANTS_MORE | _words(
    "really absolutely super extremely totally completely quite pretty rather such well better best worst more most "
    "less much many every each another other some any few several one two three four five first second last next new "
    "old never always already still just only even also again please been being got getting keep keeps kept go goes "
    "went going come comes came stay look looks looked feel feels felt seem seems seemed"
)
# words that open a noun phrase, so perhaps a clause,
EN_ARTICLES = _words("a an the my our your his her their this that these those no")
# and English words that belong to what stands before them.
EN_LEANS_BACK = _words(
    "of to in on at by for from with into onto about over under than as that is are was were be been "
    "am isn't wasn't aren't weren't has had have will would can could should may might did does do "
    "and or nor too also again ago there here up off out down away back together n't not 's 'm 're "
    "'ve 'll 'd much many more most less only even just yet ever off which who me him them us it here there"
)
