"""Property tests have no deadline: a machine that is busy is no defect."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("jikimi", deadline=None)
settings.load_profile("jikimi")
