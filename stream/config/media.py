"""Settings of pictures and clips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Meta, field

from stream.config.section import Section


class MediaSettings(Section, frozen=True, kw_only=True):
    """Pictures and clips of posts: what is fetched, and what may be kept of it."""

    enabled: Annotated[
        bool, Meta(description="Whether pictures of matched posts are fetched and looked at.")
    ] = True
    models: Annotated[
        Path, Meta(description="Folder of models that `jikimi models fetch` fills.")
    ] = field(default_factory=lambda: Path("jikimi-models"))
    sexual_from: Annotated[
        float,
        Meta(
            description="Score of sexual content from which nothing but hashes is kept.",
            ge=0.0,
            le=1.0,
        ),
    ] = 0.5
    previews: Annotated[
        bool,
        Meta(description="Whether small grey previews of pictures that passed are kept."),
    ] = True
    most_bytes: Annotated[
        int, Meta(description="Bytes of a file that is fetched.", ge=1_000, le=64_000_000)
    ] = 20_000_000
    timeout_s: Annotated[
        int, Meta(description="Seconds that one fetch may take.", ge=1, le=600)
    ] = 20
    waiting: Annotated[
        int,
        Meta(description="Pictures that may wait; more push the least urgent out.", ge=10),
    ] = 20_000
    unnamed: Annotated[
        int,
        Meta(
            description="Posts that name nobody which may wait for a look at their pictures; "
            "more are not looked at. None waits while no bank is about anybody.",
            ge=0,
        ),
    ] = 500
    also_from: Annotated[
        tuple[str, ...],
        Meta(
            description="Hosts of your own network that may be fetched from, as host:port; "
            "all others must have public addresses."
        ),
    ] = ()
    trusted_signers: Annotated[
        Path | None,
        Meta(
            description="File of certificates (PEM) of whose C2PA signatures are trusted; "
            "unset: a signature that holds is told, and that nobody vouches for the signer."
        ),
    ] = None
    files: Annotated[
        Path | None,
        Meta(description="Folder below which file: URLs of archives are read; unset: none."),
    ] = None
