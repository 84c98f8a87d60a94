"""A beacon's query: few short pairs, each key once."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsapp.traffic.query import pairs


@given(st.dictionaries(st.sampled_from("ahtnrwdfksqe"), st.text(max_size=20), min_size=1))
def test_what_a_page_writes_is_read_back(values: dict[str, str]) -> None:
    assert pairs(urlencode(values).replace("+", "%20")) == values


@pytest.mark.parametrize("query", ["", "a", "a=1&", "&a=1", "a=1&a=2", "a=1=2", "a=%ff", "a=1&&b=2"])
def test_what_no_page_writes_is_refused(query: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        pairs(query)
