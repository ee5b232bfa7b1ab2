"""From a trained network to a model that can be used: stored weights, int8 ranges, decoding and temperatures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.calibrate import calibrate
from models.encode import Window
from models.engine import open_directory
from models.gold import GoldText
from models.labels import GENERIC
from models.network import UnitNetwork
from models.quantise import scale_products
from models.storage import UNCALIBRATED, pack, save, save_calibration, unpack


def finish(directory: Path, network: UnitNetwork, windows: Sequence[Window], *, tokenizer: Path) -> None:
    """Write `network` as a model directory, ranges for int8 chosen on `windows`, not calibrated yet."""
    encoder: Any = network.encoder
    network.cpu().eval()
    network.load_state_dict(unpack(pack(network.state_dict())))  # scales are chosen for the weights as they are stored
    scalings = scale_products(network, windows, pad=encoder.config.pad_token_id)
    save(directory, network, GENERIC, UNCALIBRATED, scalings=scalings, tokenizer=tokenizer)


def tune(directory: Path, dev: Sequence[GoldText]) -> None:
    """Choose decoding and temperatures of a finished model on `dev`: as it is stored and as a CPU computes it, so that
    int8 is part of what is tuned.
    """
    save_calibration(directory, calibrate(open_directory(str(directory), device="cpu"), dev))
