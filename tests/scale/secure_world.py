"""Certificates of a test's own authority, and a broker that asks for them and for a login."""

from __future__ import annotations

import subprocess
from pathlib import Path

SECURE, EXPIRED = 21, 22
"""Ports from the first one of the broker to its listeners over TLS."""
USER, PASSWORD = "jikimi", "correct-horse-battery"
LOGIN = "org.apache.kafka.common.security"
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60
    )


def make_authority(folder: Path, name: str) -> Path:
    """A new authority; its certificate."""
    openssl(
        folder, "req", "-x509", *CURVE, "-keyout", f"{name}.key", "-out", f"{name}.pem",
        "-subj", f"/CN={name}", "-days", "2",
    )  # fmt: skip
    return folder / f"{name}.pem"


def make_certificate(folder: Path, name: str, authority: str, days: int = 2) -> Path:
    """A server's key and certificate for this machine in one file, as Kafka reads them."""
    openssl(
        folder, "req", *CURVE, "-keyout", f"{name}.key", "-out", f"{name}.csr",
        "-subj", "/CN=localhost",
    )  # fmt: skip
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl(
        folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem",
        "-CAkey", f"{authority}.key", "-CAcreateserial", "-days", str(days),
        "-extfile", "names", "-out", f"{name}.pem",
    )  # fmt: skip
    both = folder / f"{name}-both.pem"
    both.write_text((folder / f"{name}.key").read_text() + (folder / f"{name}.pem").read_text())
    both.chmod(0o644)
    return both


def settings(folder: Path, port: int) -> str:
    """A broker with a listener over TLS with login, and one of an expired certificate."""
    here = "127.0.0.1"
    listeners = {"SECURE": port + SECURE, "EXPIRED": port + EXPIRED}
    secure = ",".join(f"{name}://{here}:{number}" for name, number in listeners.items())
    plain = f"{LOGIN}.plain.PlainLoginModule required user_{USER}"
    lines = [
        f"listeners=PLAINTEXT://{here}:{port},CONTROLLER://{here}:{port + 1},{secure}",
        f"advertised.listeners=PLAINTEXT://{here}:{port},{secure}",
        "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,"
        "SECURE:SASL_SSL,EXPIRED:SASL_SSL",
        "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    ]
    for name, days in (("secure", 2), ("expired", -1)):
        both = make_certificate(folder, name, "authority", days)
        prefix = f"listener.name.{name}"
        lines += [
            f"{prefix}.ssl.keystore.type=PEM",
            f"{prefix}.ssl.keystore.location={both}",
            f'{prefix}.plain.sasl.jaas.config={plain}="{PASSWORD}";',
        ]
        for strength in ("256", "512"):
            lines.append(
                f"{prefix}.scram-sha-{strength}.sasl.jaas.config="
                f"{LOGIN}.scram.ScramLoginModule required;"
            )
    return "\n".join(lines) + "\n"
