"""What the JSON files of a model directory have to hold."""

from __future__ import annotations

from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from models.encode import MAX_TOKENS
from models.errors import ModelBrokenError

REMEDY = "fetch the model again, or train it again"
File = TypeVar("File", bound=BaseModel)


class EncoderConfig(BaseModel):
    """What rebuilds the encoder; the rest of a transformers configuration is defaults and the path it came from."""

    model_config = ConfigDict(strict=True)

    hidden_act: str
    hidden_dropout_prob: float = Field(ge=0, lt=1)
    hidden_size: PositiveInt
    intermediate_size: PositiveInt
    layer_norm_eps: PositiveFloat
    max_position_embeddings: int = Field(ge=MAX_TOKENS)
    num_attention_heads: PositiveInt
    num_hidden_layers: PositiveInt
    pad_token_id: NonNegativeInt
    type_vocab_size: PositiveInt
    vocab_size: PositiveInt

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        if self.hidden_size % self.num_attention_heads:
            raise ValueError(f"hidden_size {self.hidden_size} is no multiple of {self.num_attention_heads} heads")
        return self


class ConfigFile(BaseModel):
    """What is checked of `config.json` here; format and clause rules are checked before."""

    encoder: EncoderConfig
    sha256: dict[str, str] = {}


class DecodeConfig(BaseModel):
    """`models.decode.DecodeSettings` as a file has them."""

    model_config = ConfigDict(strict=True, extra="forbid")

    label_weight: FiniteFloat
    link_bias: FiniteFloat
    max_clauses: PositiveInt


class CalibrationFile(BaseModel):
    """`calibration.json`: temperatures by language and head."""

    model_config = ConfigDict(strict=True)

    decode: DecodeConfig
    temperatures: dict[str, dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]]]


def checked(shape: type[File], data: dict[str, Any], where: str) -> File:
    """`data` as a `shape`. Raises `ModelBrokenError` naming `where`, the key and what is wrong with it."""
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ModelBrokenError(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}; {REMEDY}") from error
