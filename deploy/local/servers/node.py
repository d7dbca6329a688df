"""Elasticsearch: one node."""

from __future__ import annotations

import shutil
import socket

from fetch import fetch_elasticsearch, java
from plan import ELASTICSEARCH, HERE, Plan
from process import hand_over, pid_of, refuse_taken, spawn, wait


def up_elasticsearch(plan: Plan) -> None:
    """Start the node if it is not running, and wait until it takes requests."""
    folder = plan.data / ELASTICSEARCH
    if pid_of(folder / "pid"):
        return
    home = fetch_elasticsearch(plan)
    jdk = java(21)
    refuse_taken(plan.es_port, "--elasticsearch-port")
    shutil.rmtree(folder / "config", ignore_errors=True)
    shutil.copytree(home / "config", folder / "config")
    (folder / "tmp").mkdir(exist_ok=True)
    settings = (HERE / ELASTICSEARCH / "elasticsearch.yml").read_text(encoding="utf-8")
    settings += f"http.port: {plan.es_port}\ntransport.port: {plan.es_port + 100}\n"
    settings += f"path.data: {folder}/data\npath.logs: {folder}/logs\n"
    (folder / "config" / "elasticsearch.yml").write_text(settings, encoding="utf-8")
    hand_over(plan.data)
    environment = {
        "ES_JAVA_HOME": str(jdk),
        "ES_PATH_CONF": str(folder / "config"),
        "ES_TMPDIR": str(folder / "tmp"),
        "ES_JAVA_OPTS": "-Xms768m -Xmx768m",
    }
    # It writes its own pid: what is started here is only its launcher.
    program = [str(home / "bin" / "elasticsearch"), "-p", str(folder / "pid")]
    spawn(program, folder, environment, pid_file=False)
    wait(lambda: es_answers(plan.es_port), folder, "Elasticsearch")


def es_answers(port: int) -> bool:
    """Whether Elasticsearch says that it is well."""
    request = b"GET /_cluster/health HTTP/1.0\r\nHost: localhost\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(request)
            answer = connection.makefile("rb").read()
    except OSError:
        return False
    return b'"status":"green"' in answer or b'"status":"yellow"' in answer
