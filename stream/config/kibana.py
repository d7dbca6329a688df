"""Settings of Kibana."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from ingest.secret import Secret
from stream.config.decode import HTTP_ADDRESS
from stream.config.section import Section


class KibanaSettings(Section, frozen=True, kw_only=True):
    """Kibana, where `jikimi setup` puts our dashboards."""

    url: Annotated[
        Annotated[str, Meta(pattern=HTTP_ADDRESS)] | None,
        Meta(description="Address of Kibana; unset: `jikimi setup` leaves it alone."),
    ] = None
    space: Annotated[
        str | None,
        Meta(description="Space of Kibana to put them in; unset: the default one."),
    ] = None
    api_key: Annotated[
        Secret | None,
        Meta(description="API key (base64); unset: that of Elasticsearch."),
    ] = None
    ca_file: Annotated[
        Path | None,
        Meta(description="Certificates to trust, PEM; unset: the system's."),
    ] = None
