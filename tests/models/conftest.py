"""A tiny network of random weights in the format of the real one, so that tests need no training."""

import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
import torch

from models.encode import encode, load_tokenizer
from models.labels import GENERIC
from models.network import UnitNetwork, build_encoder
from models.quantise import scale_products
from models.storage import UNCALIBRATED, save

SHIPPED = Path(str(files("models"))) / "current"
SAMPLE = ["味道不错，送餐太慢了，包装也破了！", "Great food but the service was slow. Would I come back? No."] * 20
TINY = {
    "vocab_size": 44000,
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "pad_token_id": 1,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "layer_norm_eps": 1e-12,
}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def network() -> UnitNetwork:
    torch.manual_seed(3)
    return UnitNetwork(build_encoder(TINY), GENERIC, hidden=TINY["hidden_size"]).eval()


@pytest.fixture(scope="session")
def built(network: UnitNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished model directory; not to be changed."""
    directory = tmp_path_factory.mktemp("models") / "tiny"
    tokenizer = SHIPPED / "tokenizer.json"
    windows = [w for e in encode(SAMPLE, load_tokenizer(tokenizer)) for w in e.windows]
    save(
        directory,
        network,
        GENERIC,
        UNCALIBRATED,
        scalings=scale_products(network, windows, pad=TINY["pad_token_id"]),
        tokenizer=tokenizer,
    )
    return directory


@pytest.fixture
def tiny_model(built: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(built, tmp_path / "tiny"))


@pytest.fixture
def tiny_encoder(network: UnitNetwork, tmp_path: Path) -> Path:
    """A pretrained encoder directory as transformers writes it."""
    directory = tmp_path / "encoder"
    network.encoder.save_pretrained(directory)
    shutil.copyfile(SHIPPED / "tokenizer.json", directory / "tokenizer.json")
    return directory
