"""Which encoding a text file is in: byte-order mark, strict UTF-8, UTF-16 without mark, then what reads as
language.

Statistical detectors need long texts; exports of a few Chinese rows are short. So the legacy encodings are
told apart by how many of the characters they give are ones that people write (`_plausibility`);
charset-normalizer is asked only where none of the expected encodings gives language.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO

from pipeline.errors import InputError
from pipeline.ingest.cells import is_undecodable

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LEGACY = ("gb18030", "big5hkscs", "cp1252")
_SAMPLE_BYTES = 1 << 16
_ENOUGH = 0.35
# The characters that make up about half of running Chinese text, simplified then traditional where they
# differ, and the punctuation between them. Wrong decodings give rare characters.
_FREQUENT = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同"
    "现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重"
    "并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几"
    "口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书"
    "非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笔"
    "送快慢差服务客评质价格店员包装退货款错满意速喜欢味买换修态验单推荐付钱宜贵便吃破坏脏吵房间早餐酒店卡慢闪账号登录网页刷票排队久催"
    "這個們來為國說時會對過發後裡種經麼學現當沒動還進樣開從實軍與長機無關點業將兩間問並應戰頭體見產話內給門兒東聲員處義幾認條係氣題爾別變總電數報"
    "結務場計資區隊決馬書則聽達強難權設記類據邊張該規萬覺術領確傳師觀識帶導爭運評質價員裝貨錯滿買換態驗單薦錢貴壞髒間卡號錄網頁隊"
    "，。！？、：；（）“”‘’《》…—～「」『』【】"
)


@dataclass(frozen=True, slots=True)
class Decoding:
    """An encoding, how its errors are treated, and how it was found: `mark`, `content` or `option`."""

    encoding: str
    errors: str
    found_by: str

    def fits(self, text: str) -> bool:
        """Whether every byte that `text` was decoded from is in the encoding."""
        return not is_undecodable(text) and (self.errors != "replace" or "\ufffd" not in text)


def declared(name: str, *, where: str) -> Decoding:
    """The encoding given by option. Raises InputError where Python knows no such text encoding."""
    try:
        codec = codecs.lookup(name)
        "".encode(codec.name)
    except LookupError as error:
        raise InputError(
            "unknown encoding",
            where=where,
            value=name,
            remedy="input.encoding / --encoding takes utf-8, gb18030, big5, utf-16, cp1252 ...",
        ) from error
    # A superset reads everything that its parts can, and users mix up the names.
    wider = {
        "gbk": "gb18030",
        "gb2312": "gb18030",
        "big5": "big5hkscs",
        "utf-8": "utf-8-sig",
        "latin-1": "cp1252",
    }
    return _decoding(wider.get(codec.name, codec.name), "option")


def misfit(decoding: Decoding, *, where: str) -> InputError:
    """The error for a file that is not in `decoding`."""
    return InputError(
        f"the file is not in the encoding {decoding.encoding.removesuffix('-sig')}: its bytes are not text in it",
        where=where,
        remedy="name the right one with --encoding / input.encoding; without, most are recognised by content",
    )


def detect(stream: BinaryIO, *, where: str) -> Decoding:
    """The encoding of a text stream, read to its end. Raises InputError where nothing gives language."""
    head = stream.read(_SAMPLE_BYTES)
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return _decoding(encoding, "mark")
    unmarked = _utf16_without_mark(head)
    if unmarked is not None:
        return _decoding(unmarked, "content")
    return _from_lines(_lines(head, stream), where=where)


def _decoding(encoding: str, found_by: str) -> Decoding:
    # surrogateescape keeps undecodable bytes apart from U+FFFD in the text; the wide encodings do not
    # support it.
    errors = "replace" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
    return Decoding(encoding, errors, found_by)


def _utf16_without_mark(head: bytes) -> str | None:
    """UTF-16 shows as NUL bytes (the high halves of line ends and ASCII) that make language when read in
    pairs.
    """
    if head.count(0) < 2:
        return None
    pairs = head[: len(head) // 2 * 2]
    scores = {name: _pair_plausibility(pairs.decode(name, "replace")) for name in ("utf-16-le", "utf-16-be")}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] >= _ENOUGH else None


def _pair_plausibility(text: str) -> float:
    ascii_share = sum("\t" <= character < "\x7f" for character in text) / len(text)
    return ascii_share + (1 - ascii_share) * _plausibility(text)


def _lines(head: bytes, stream: BinaryIO) -> Iterable[bytes]:
    rest = head
    while rest:
        *complete, tail = rest.split(b"\n")
        yield from complete
        more = stream.read(_SAMPLE_BYTES)
        if not more:
            yield tail
            return
        rest = tail + more


def _from_lines(lines: Iterable[bytes], *, where: str) -> Decoding:
    """UTF-8 where more lines with other than ASCII are valid than broken; otherwise the most plausible
    legacy encoding.
    """
    valid = broken = 0
    sample = bytearray()
    for line in lines:
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            valid += 1
        except UnicodeDecodeError:
            broken += 1
            if len(sample) < _SAMPLE_BYTES:
                sample += line[:_SAMPLE_BYTES] + b"\n"
    if broken == 0 or valid > broken:
        return _decoding("utf-8", "content")
    return _legacy(bytes(sample), where=where)


def _legacy(sample: bytes, *, where: str) -> Decoding:
    scores = {encoding: _plausibility(sample.decode(encoding, "surrogateescape")) for encoding in _LEGACY}
    best = max(_LEGACY, key=lambda encoding: scores[encoding])
    if scores[best] >= _ENOUGH and (best == "cp1252" or _is_running_chinese(sample.decode(best, "surrogateescape"))):
        return _decoding(best, "content")
    import charset_normalizer

    guess = charset_normalizer.from_bytes(sample).best()
    if guess is not None and guess.encoding not in ("ascii", "utf_8") and guess.chaos < 0.1 and guess.coherence > 0:
        return _decoding(guess.encoding, "content")
    raise InputError(
        "the encoding is not recognised",
        where=where,
        remedy="name it with input.encoding / --encoding (utf-8, gb18030, big5, ...)",
    )


def _is_running_chinese(text: str) -> bool:
    """Ten characters of Chinese hold two or more of the frequent ones; Korean or noise read as GB 18030 does not."""
    characters = [character for character in text if not character.isascii()]
    return len(characters) < 10 or sum(character in _FREQUENT for character in characters) >= 0.15 * len(characters)


def _plausibility(text: str) -> float:
    """Mean credit (-1..1) of the characters outside ASCII: everyday ones near 1, rare ones near 0, errors
    below.
    """
    marks: list[float] = []
    previous = " "
    for character in text:
        if not character.isascii():
            marks.append(_credit(character, previous))
        previous = character
    return sum(marks) / len(marks) if marks else 0.0


def _credit(character: str, previous: str) -> float:
    if character in _FREQUENT and not (character in "“”‘’…—" and previous.isascii()):
        return 1.0
    if "\ud800" <= character <= "\udfff":
        return -1.0
    code = ord(character)
    if code < 0x250 or character in "“”‘’…—–•€™£":
        return _western_credit(character, previous)
    if 0x4E00 <= code <= 0x9FFF:
        # A Han character straight after an ASCII letter is how "don’t" in cp1252 looks when read as GBK.
        return 0.2 if previous.isascii() and previous.isalpha() else _han_credit(character)
    if 0xFF00 <= code <= 0xFFEF or 0x3000 <= code <= 0x303F:
        return 0.6
    return -0.2 if unicodedata.category(character) in ("Co", "Cn", "Cc") else 0.0


def _western_credit(character: str, previous: str) -> float:
    """Accented letters and typographic marks stand alone among ASCII; in a row they are misread double
    bytes.
    """
    if unicodedata.category(character) in ("Cc", "Cn"):
        return -1.0
    if not previous.isascii():
        return -0.6
    if character.isalpha():
        return 0.8 if previous.isalpha() or previous in " \"'(,;\n" else 0.2
    return 0.7


@lru_cache(maxsize=8192)
def _han_credit(character: str) -> float:
    """By level of GB 2312 or Big5: the first levels (3,755 and 5,401 characters) are the ones in common use."""
    credit = 0.0
    for encoding, first, last in (("gb2312", 0xB0, 0xD7), ("big5", 0xA4, 0xC6)):
        try:
            lead = character.encode(encoding)[0]
        except UnicodeEncodeError:
            continue
        credit = max(credit, 0.6 if first <= lead <= last else 0.4)
    return credit
