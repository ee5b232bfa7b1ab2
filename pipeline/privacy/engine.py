"""Presidio runs the recognisers: its analyzer with its no-op NLP engine, which loads no language model.

Presidio's own recogniser serves for IP addresses. Its others do not fit and are not loaded: they want word boundaries
that Chinese text does not have, the e-mail and URL ones ask the network for a suffix list, and the IBAN one logs values
it cannot parse. This module is imported late, by the first text that may hold a value: Presidio brings spaCy along.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final, cast

from presidio_analyzer import AnalyzerEngine, EntityRecognizer, LocalRecognizer, RecognizerRegistry, RecognizerResult
from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
from presidio_analyzer.nlp_engine import NoOpNlpEngine
from presidio_analyzer.predefined_recognizers import IpRecognizer
from typing_extensions import override

from pipeline.privacy.kinds import Kind
from pipeline.privacy.recognizers.base import Recognizer
from pipeline.privacy.views import isolate

if TYPE_CHECKING:
    from presidio_analyzer.nlp_engine import NlpArtifacts

_LANGUAGE: Final = "any"
"""Presidio asks for a language; our recognisers read every text as it may be Chinese, English or both."""

_VERSION_BEFORE: Final = re.compile(
    r"(?:版本?|[固软軟][件體体]|系[统統]|内核|驱动|[升更][级級新換换]|客户端"
    r"|(?<![a-z])(?:v|ver|versions?|build|firmware|release|updated?|upgraded?|ios|android|app|client))"
    r"(?:[号號到至为為了]|是|to|\s|[:.\-(（])*$",
    re.IGNORECASE,
)
_VERSION_AFTER: Final = re.compile(r"\s?的?(?:版|[固软軟][件體体]|version|build|firmware)", re.IGNORECASE)

_ADDRESS_BEFORE: Final = re.compile(
    r"(?:地址|服务器|伺服器|网关|路由器?|(?<![a-z])(?:ip(?:v4)?|dns|address|server|host|gateway|router|ping|from))"
    r"(?:是|为|為|is|was|at|\s|[:=(（【]){0,6}$",
    re.IGNORECASE,
)


class _Adapter(LocalRecognizer):
    """One of our finders in the form Presidio runs."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._find = recognizer.find
        super().__init__(
            supported_entities=[recognizer.kind], name=f"cxi_{recognizer.kind.lower()}", supported_language=_LANGUAGE
        )

    def load(self) -> None:
        """Nothing to load."""

    @override
    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """Every find, with full score: our finders decide by themselves."""
        return [_result(self, start, end) for start, end in self._find(text)]


class _IpAddresses(IpRecognizer):
    """Presidio's recogniser on the isolated view, without version numbers (v1.2.3.4) and longer dotted runs."""

    def __init__(self) -> None:
        super().__init__(supported_language=_LANGUAGE, supported_entity="IP")

    @override
    def analyze(
        self,
        text: str,
        entities: list[str],
        nlp_artifacts: NlpArtifacts | None = None,
        regex_flags: int | None = None,
    ) -> list[RecognizerResult]:
        """Addresses; a dotted quad after words such as 版本 or firmware is a version."""
        found = super().analyze(isolate(text), entities, nlp_artifacts, regex_flags)
        return [_result(self, each.start, each.end) for each in found if _is_address(text, each.start, each.end)]


class _NoContext(ContextAwareEnhancer):
    """Context words are part of our patterns; Presidio's own enhancer needs the lemmas of a language model."""

    def __init__(self) -> None:
        super().__init__(
            context_similarity_factor=0.0,
            min_score_with_context_similarity=0.0,
            context_prefix_count=0,
            context_suffix_count=0,
        )

    @override
    def enhance_using_context(
        self,
        text: str,
        raw_results: list[RecognizerResult],
        nlp_artifacts: NlpArtifacts,
        recognizers: list[EntityRecognizer],
        context: list[str] | None = None,
    ) -> list[RecognizerResult]:
        """The results as they are."""
        return raw_results


class Engine:
    """Finds values of the asked kinds. Holds no text."""

    def __init__(self, recognizers: Sequence[Recognizer]) -> None:
        registry = RecognizerRegistry(
            recognizers=[*(_Adapter(each) for each in recognizers), _IpAddresses()], supported_languages=[_LANGUAGE]
        )
        self._analyzer = AnalyzerEngine(
            registry=registry,
            nlp_engine=NoOpNlpEngine([{"lang_code": _LANGUAGE, "model_name": "none"}]),
            supported_languages=[_LANGUAGE],
            context_aware_enhancer=_NoContext(),
        )

    def find(self, folded: str, kinds: Collection[Kind]) -> list[tuple[Kind, int, int]]:
        """Kind, start and end of every find, overlapping ones included, in no particular order."""
        results = self._analyzer.analyze(folded, language=_LANGUAGE, entities=list(kinds))
        return [(cast(Kind, result.entity_type), result.start, result.end) for result in results]


def _result(recognizer: LocalRecognizer, start: int, end: int) -> RecognizerResult:
    return RecognizerResult(
        entity_type=recognizer.supported_entities[0],
        start=start,
        end=end,
        score=1.0,
        recognition_metadata={RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: recognizer.id},
    )


def _is_address(text: str, start: int, end: int) -> bool:
    value = text[start:end]
    if ":" in value:  # "Bad::" and "5::5" are well-formed IPv6, but nobody's address
        return len(re.findall(r"[0-9A-Fa-f]+", value)) >= 3 and re.search("[0-9]", value) is not None
    before, after = text[max(0, start - 24) : start], text[end : end + 12]
    longer = re.search(r"[0-9A-Za-z]\.$", before) or re.match(r"\.[0-9]", after)
    if longer or _VERSION_BEFORE.search(before) or _VERSION_AFTER.match(after):
        return False
    return _ADDRESS_BEFORE.search(before) is not None or _looks_like_address(value)


def _looks_like_address(quad: str) -> bool:
    """Versions, and prices typed with dots, have small parts: 3.0.0.9. Nearly all addresses have larger ones."""
    parts = [int(part) for part in quad.partition("/")[0].split(".")]
    return max(parts) >= 100 or sum(part >= 10 for part in parts) >= 2
