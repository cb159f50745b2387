"""The card of a model: what it offers, and what it refuses in words."""

import dataclasses
from pathlib import Path

import pytest

from hashviewer.images import Preprocessing
from hashviewer.networks import Card
from hashviewer.ui.dialogs.model_card import ModelCardDialog

CARD = Card(
    path=Path("dvsq-48.safetensors"),
    name="dvsq-48",
    method="DVSQ",
    bits=48,
    backbone="efficientnet-lite0",
    backbone_sha256="ab" * 32,
    preprocessing=Preprocessing(),
    feature_dim=1280,
    training="5,000 items of 10 classes",
    figures=(),
    sha256="cd" * 32,
    license="",
    created="",
)


@pytest.fixture
def shown(qtbot):
    def show(**changes):
        dialog = ModelCardDialog(
            None, dataclasses.replace(CARD, **changes), library="holiday", has_codes=False
        )
        qtbot.addWidget(dialog)
        return dialog

    return show


def test_a_method_ranked_by_hamming_distance_is_offered(shown):
    dialog = shown(method="DPSH")
    assert dialog.encode.isEnabled()
    assert "can be encoded" in dialog.offer.text()


def test_a_method_with_a_distance_of_its_own_is_shown_but_not_offered(shown):
    dialog = shown(query="asymmetric")
    assert not dialog.encode.isEnabled()
    assert "codes the query otherwise than the database" in dialog.offer.text()


def test_a_quantizer_is_offered(shown):
    dialog = shown(query="quantizer")
    assert dialog.encode.isEnabled()
    assert "can be encoded" in dialog.offer.text()


def test_a_head_on_features_is_shown_but_not_offered(shown):
    dialog = shown(backbone="features")
    assert not dialog.encode.isEnabled()
    assert "no network goes with it" in dialog.offer.text()
