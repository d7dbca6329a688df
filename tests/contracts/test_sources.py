"""What every registered source promises, ours and those of others alike."""

from __future__ import annotations

import pytest

from ingest import plugins
from ingest.source import Source, SourceMisconfigured, Terms

KINDS = plugins.names(plugins.SOURCES)


@pytest.fixture(params=KINDS)
def kind(request):
    return plugins.load(plugins.SOURCES, request.param)


def test_there_are_sources_to_hold_to_it():
    assert {"archive", "bluesky", "reddit"} <= set(KINDS)


def test_its_terms_card_is_there_before_it_is_made(kind):
    assert isinstance(kind.terms, Terms)
    for word in ("access", "rate", "retention", "deletion"):
        assert len(getattr(kind.terms, word)) > 3, word


def test_it_has_what_the_protocol_asks_for(kind):
    for name in ("name", "terms", "read", "from_settings"):
        assert hasattr(kind, name), name
    assert Source.__doc__


def test_an_unknown_option_is_named_and_the_allowed_ones_listed(kind):
    with pytest.raises(SourceMisconfigured) as refused:
        kind.from_settings("mine", {"no_such_option": 1})

    said = str(refused.value)
    assert "sources.mine.options.no_such_option" in said
    assert "allowed" in said


def test_its_docstring_says_in_one_paragraph_what_it_brings(kind):
    first = (kind.__doc__ or "").strip().partition("\n\n")[0]

    assert 20 < len(first) < 400
