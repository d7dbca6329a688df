"""``python -m dashboards`` is ``jikimi``."""

from dashboards.cli import main

main()
