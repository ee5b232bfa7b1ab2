from __future__ import annotations

import pytest

from models.labels import GENERIC
from pipeline.errors import ConfigError
from pipeline.taxonomy import HEADS, load_taxonomy


def test_the_shipped_taxonomy_has_the_labels_the_shipped_model_is_trained_for():
    taxonomy = load_taxonomy()
    for head in HEADS:
        assert set(taxonomy.ids(head)) == set(getattr(GENERIC, head))
    assert (taxonomy.name, taxonomy.version) == (GENERIC.taxonomy, GENERIC.taxonomy_version)


def test_names_in_both_languages():
    taxonomy = load_taxonomy()
    assert taxonomy.name_of("stage", "delivery", "zh") == "交付"
    assert taxonomy.name_of("touchpoint", "fulfilment", "en") == "Fulfilment & logistics"
    with pytest.raises(KeyError, match="nowhere"):
        taxonomy.name_of("stage", "nowhere", "zh")


def test_an_unknown_label_is_named_with_the_known_ones():
    with pytest.raises(ConfigError, match="deliverry") as caught:
        load_taxonomy().require("stage", ["deliverry"], where="priority.stage_weights")
    assert "delivery" in str(caught.value.remedy)


def test_an_id_twice(tmp_path):
    path = tmp_path / "t.yaml"
    term = "{id: a, zh: 甲, en: A}"
    path.write_text(
        f"name: x\nversion: '1'\nsentiment: [{term}]\nstage: [{term}, {term}]\n"
        f"touchpoint: [{term}]\nintent: [{term}]\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match="stage: an id appears twice"):
        load_taxonomy(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(ConfigError, match="cannot read"):
        load_taxonomy(tmp_path / "none.yaml")
