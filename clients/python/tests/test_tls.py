# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""The readers over TLS, on the real servers: who is believed, who is shown, and certificates that are renewed."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import unittest
from pathlib import Path
from typing import ClassVar

from partition_router import RegistryError, RegistryErrorCode, Router, open_registry

from .maps import EVENTS, daily, fields
from .servers import Consul, Etcd, Redis, Server, Store, free_port


def make_certificates(directory: Path) -> None:
    """An authority, and by it a server's certificate of 127.0.0.1 alone and a client's."""

    def openssl(words: str) -> None:
        subprocess.run(["openssl", *words.split()], check=True, capture_output=True, cwd=directory)

    key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    openssl(f"req -x509 {key} -days 2 -subj /CN=authority -keyout ca.key -out ca.crt")
    openssl(f"req -x509 {key} -days 2 -subj /CN=somebody -keyout other.key -out other.crt")
    (directory / "san").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in ("server", "client"):
        openssl(f"req {key} -subj /CN={name} -keyout {name}.key -out {name}.csr")
        openssl(
            f"x509 -req -in {name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile san -out {name}.crt"
        )


class Secure(Server):
    """A second port with TLS, which asks for a client's certificate."""

    def __init__(self) -> None:
        super().__init__()
        self.secure_port = free_port()
        make_certificates(self.directory)

    def file(self, name: str) -> str:
        return str(self.directory / name)


class SecureRedis(Secure, Redis):
    def __init__(self) -> None:
        super().__init__()
        self.options = (
            "--tls-port", str(self.secure_port), "--tls-cert-file", self.file("server.crt"), "--tls-key-file",
            self.file("server.key"), "--tls-ca-cert-file", self.file("ca.crt"),
        )  # fmt: skip


class SecureEtcd(Secure, Etcd):
    def command(self) -> list[str]:
        words = super().command()
        for option in ("--listen-client-urls", "--advertise-client-urls"):
            words[words.index(option) + 1] += f",https://127.0.0.1:{self.secure_port}"
        return words + [
            "--cert-file", self.file("server.crt"), "--key-file", self.file("server.key"), "--trusted-ca-file",
            self.file("ca.crt"), "--client-cert-auth",
        ]  # fmt: skip


class SecureConsul(Secure, Consul):
    def command(self) -> list[str]:
        words = super().command()
        settings = {
            "ports": {"https": self.secure_port}, "cert_file": self.file("server.crt"),
            "key_file": self.file("server.key"), "ca_file": self.file("ca.crt"), "verify_incoming_https": True,
        }  # fmt: skip
        (self.directory / "tls.json").write_text(json.dumps(settings))
        return words + [f"-config-file={self.file('tls.json')}"]


class TLSTests:
    """Holds the case that each store inherits, so that by itself it is no test."""

    class Case(unittest.TestCase):
        server: ClassVar[SecureRedis | SecureEtcd | SecureConsul]
        kind: ClassVar[type[SecureRedis] | type[SecureEtcd] | type[SecureConsul]]

        @classmethod
        def setUpClass(cls) -> None:
            cls.server = cls.kind()
            try:
                cls.server.start()
            except BaseException:
                cls.server.stop()
                raise

        @classmethod
        def tearDownClass(cls) -> None:
            cls.server.stop()

        def setUp(self) -> None:
            self.server.flush()
            self.publish(1)

        def publish(self, version: int) -> None:
            document = daily(version + 2)
            self.server.write(EVENTS, fields(document, version), document)

        def url(self, *, host: str = "127.0.0.1", authority: str = "ca.crt", identity: bool = True) -> str:
            place = self.server.directory
            parts = ["timeout=5"]
            if authority:
                parts.append(f"ca={place}/{authority}")
            if identity:
                parts.append(f"cert={place}/client.crt&key={place}/client.key")
            scheme = {"redis": "rediss", "etcd": "etcds", "consul": "consuls"}[self.server.name]
            return f"{scheme}://{host}:{self.server.secure_port}?{'&'.join(parts)}"

        def failure(self, url: str) -> RegistryError:
            async def body() -> None:
                registry = open_registry(url, {})
                try:
                    await registry.load(EVENTS)
                finally:
                    await registry.close()

            with self.assertRaises(RegistryError) as raised:
                asyncio.run(body())
            return raised.exception

        def test_follows(self) -> None:
            with Router(EVENTS, open_registry(self.url(), {})) as router:
                for version in (1, 2, 3):
                    self.publish(version)
                    self.assertTrue(router.wait(version, 60))

        def test_believes_only_the_authority_and_the_name(self) -> None:
            for url in (
                self.url(authority=""), self.url(authority="other.crt"), self.url(host="localhost"),
                self.url(authority="nowhere.crt"),
            ):  # fmt: skip
                with self.subTest(url):
                    self.assertEqual(self.failure(url).code, RegistryErrorCode.REFUSED)

        def test_shows_its_certificate_where_it_is_asked_for(self) -> None:
            error = self.failure(self.url(identity=False))
            # The server's refusal races with its closing of the connection.
            self.assertIn(error.code, (RegistryErrorCode.REFUSED, RegistryErrorCode.UNREACHABLE))
            self.assertIn("cert= and key=", str(error))

        def test_takes_certificates_that_were_renewed(self) -> None:
            place = self.server.directory

            def point(authority: str) -> None:
                # As Kubernetes does: the files stay, the link to their directory is replaced.
                (place / f"of-{authority}").mkdir(exist_ok=True)
                shutil.copy(place / authority, place / f"of-{authority}" / "ca.crt")
                (place / "fresh").symlink_to(f"of-{authority}")
                (place / "fresh").rename(place / "secret")

            async def body() -> None:
                registry = open_registry(self.url(authority="secret/ca.crt"), {})
                for _ in range(2):
                    self.assertIsNotNone(await registry.load(EVENTS))
                    point("other.crt")
                    # Redis keeps its connection for as long as it lives.
                    if self.server.name != "redis":
                        with self.assertRaises(RegistryError) as raised:
                            await registry.load(EVENTS)
                        self.assertEqual(raised.exception.code, RegistryErrorCode.REFUSED)
                    point("ca.crt")
                await registry.close()

            point("ca.crt")
            asyncio.run(body())

        def test_a_watch_goes_on_over_renewed_certificates(self) -> None:
            place: Store = self.server
            shutil.copy(place.directory / "ca.crt", place.directory / "renewed.crt")
            with Router(EVENTS, open_registry(self.url(authority="renewed.crt"), {})) as router:
                for version in (2, 3, 4):
                    self.publish(version)
                    self.assertTrue(router.wait(version, 60))
                    shutil.copy(place.directory / "ca.crt", place.directory / "fresh.crt")
                    (place.directory / "fresh.crt").rename(place.directory / "renewed.crt")


class RedisTLSTests(TLSTests.Case):
    kind = SecureRedis


class EtcdTLSTests(TLSTests.Case):
    kind = SecureEtcd


class ConsulTLSTests(TLSTests.Case):
    kind = SecureConsul
