"""What ``jikimi doctor`` looks at where pictures are concerned."""

from __future__ import annotations

from dashboards.doctor import Check
from dashboards.weights import held
from detect.media.weights import NSFW
from stream.config.media import MediaSettings

NAME = "pictures"


def check_gate(media: MediaSettings) -> Check:
    """Without the model of sexual content nothing but hashes of pictures is kept."""
    if not media.enabled:
        return Check(name=NAME, outcome="OK", found="pictures of posts are not fetched")
    try:
        there = held(media.models, NSFW) is not None
    except (ValueError, OSError) as error:
        return Check(
            name=NAME,
            outcome="FAIL",
            found=str(error),
            fix=f"delete {media.models / NSFW.file} and run `jikimi models fetch`",
        )
    if not there:
        return Check(
            name=NAME,
            outcome="WARN",
            found=f"no model of sexual content in {media.models}: only hashes are kept",
            fix="run `jikimi models fetch open-nsfw`",
        )
    return Check(name=NAME, outcome="OK", found="gated by open-nsfw before anything is kept")
