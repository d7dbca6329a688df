"""``jikimi analyze``: the same operators over files, with results as files."""
