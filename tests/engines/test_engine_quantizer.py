"""A quantizer's library at an engine: its own distance gives the same as from the library itself, or says what is missing."""

import shutil

import numpy as np
import pytest
from coded_libraries import same_matches
from made_quantizer import FORMS, KEY, features_of, info_of, made_method, make_library, saved

from hashviewer.engines.pushing import push
from hashviewer.errors import SearchError
from hashviewer.search import SearchHow
from hashviewer.workspace import Workspace, own_distance
from hashviewer.workspace.at_engine import answered_by, open_at_engine

ADC = SearchHow(distance="adc")


@pytest.mark.parametrize("form", ["dqn", "subic of 64"])
def test_a_quantizers_distance_is_the_same_at_an_engine(tmp_path, connection, address, form):
    card = saved(tmp_path / "model.safetensors", made_method(form), FORMS[form][2])
    codes = np.random.default_rng(0).choice([-1, 1], size=(30, card.bits))
    path = make_library(tmp_path / "library", info_of(card), codes, features_of(30))
    with Workspace.open(path) as local:
        push(local.library, connection, name="words")
        query = local.query_row(4, codes=KEY)
        mine = local.search(query, k=None, how=ADC)
        with open_at_engine(address) as far, answered_by(local, address) as both:
            assert own_distance(far.code_set(KEY)) == "adc"
            for there in (far, both):
                theirs = there.search(there.query_row(4, codes=KEY), k=None, how=ADC)
                assert same_matches(mine, theirs)
                assert theirs.scores.tolist() == mine.scores.tolist()
    shutil.move(path, tmp_path / "elsewhere")
    with open_at_engine(address) as far:
        with pytest.raises(SearchError, match="no features are kept here"):
            far.search(far.query_row(4, codes=KEY), how=ADC)
        assert same_matches(mine, far.search(query, k=None, how=ADC))  # as a picture, which has its feature
