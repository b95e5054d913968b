# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Where a registry is: the same URLs as ``partition-cli --registry-url``."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from .errors import RegistryError, RegistryErrorCode, RegistryURLError
from .registry import Registry

_PREFIX = re.compile(r"[0-9A-Za-z_.:-]{0,128}")
_KNOWN = "known: redis:// rediss:// etcd:// etcds:// consul:// consuls:// postgres://"
_PORTS = {"redis": 6379, "rediss": 6379, "etcd": 2379, "etcds": 2379, "consul": 8500, "consuls": 8501}
_ENDPOINT = re.compile(r"(?:\[([0-9A-Fa-f:.%]+)\]|([^:\[\]]+))(?::([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Target:
    """How to reach Redis, etcd or Consul. Its text has no secret."""

    #: redis, etcd or consul.
    store: str
    #: Host and port; at least one.
    endpoints: tuple[tuple[str, int], ...]
    tls: bool = False
    #: PEM files; None means the system's authorities, and no client certificate.
    authority: str | None = None
    certificate: str | None = None
    key: str | None = None
    user: str | None = field(default=None, repr=False)
    #: The password, or Consul's token.
    password: str | None = field(default=None, repr=False)
    #: Read anew whenever it is needed, so that it can change; used when there is no ``password``.
    password_file: str | None = None
    #: Redis' database number.
    database: int = 0
    prefix: str = ""
    #: Seconds for connecting, and for each question.
    timeout: float = 5

    def current_password(self) -> str | None:
        """Raises RegistryError (refused) when its file can't be read."""
        if self.password is not None or self.password_file is None:
            return self.password
        try:
            with open(self.password_file, encoding="utf-8") as file:
                # Editors and secret stores end the file with a newline; it isn't part of the password.
                return file.read().split("\n")[0].rstrip("\r")
        except (OSError, UnicodeDecodeError):
            raise RegistryError(
                RegistryErrorCode.REFUSED, "the registry's password or token file can't be read"
            ) from None


def open_registry(url: str, environment: Mapping[str, str] | None = None) -> Registry:
    """A client of the registry at ``url``; connects on first use.

    Forms: ``redis://[user[:password]@]host[:port][,host[:port]…][/database]`` (``rediss://`` with TLS),
    ``etcd://[user:password@]host[:port][,…]`` (``etcds://``), ``consul://[:token@]host[:port][,…]`` (``consuls://``), and any
    ``postgres://`` URI that libpq takes. Parameters: ``prefix``; for all but PostgreSQL also ``timeout`` (seconds), ``ca``,
    ``cert``, ``key`` (PEM files). What the URL doesn't give comes from ``PARTITION_REGISTRY_USER``, ``…_PASSWORD``,
    ``…_PASSWORD_FILE``, ``…_TOKEN``, ``…_TOKEN_FILE`` (Consul), ``…_CA_FILE``, ``…_CERT_FILE``, ``…_KEY_FILE``.

    Raises RegistryURLError, and RegistryError (unsupported) when the store's package isn't installed.
    """
    scheme = url.split("://")[0].lower()
    if scheme in ("postgres", "postgresql"):
        conninfo, prefix = _postgres(url)
        postgres = _module("postgres", "psycopg")
        registry: Registry = postgres.PostgresRegistry(conninfo, prefix)
        return registry
    target = parse(url, os.environ if environment is None else environment)
    if target.store == "redis":
        opened: Registry = _module("redis", "redis").RedisRegistry(target)
    elif target.store == "etcd":
        opened = _module("etcd", "httpx").EtcdRegistry(target)
    else:
        opened = _module("consul", "httpx").ConsulRegistry(target)
    return opened


def _module(name: str, package: str):  # type: ignore[no-untyped-def]
    import importlib

    try:
        return importlib.import_module(f".stores.{name}", __package__)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise RegistryError(
            RegistryErrorCode.UNSUPPORTED,
            f"this registry needs the package {package}, which isn't installed",
            f"pip install 'partition-router[{package}]'",
        ) from None


def parse(url: str, environment: Mapping[str, str]) -> Target:
    """Reads the URL of a Redis, etcd or Consul registry; raises RegistryURLError, which never quotes it."""
    if not url.strip():
        raise RegistryURLError("the registry URL is empty", "an unset variable?")
    if any(ord(letter) <= 0x20 or ord(letter) == 0x7F for letter in url):
        raise RegistryURLError("the registry URL has a space or a control character in it")
    base, _, query_text = url.partition("?")
    scheme, separator, rest = base.partition("://")
    scheme = scheme.lower()
    if scheme == "self" and not separator:
        raise RegistryURLError(
            "only partition-cli knows which database self is", "give that database's postgres:// URL"
        )
    if scheme not in _PORTS or not separator:
        # What isn't a scheme at all may be a password that lost its URL: it isn't repeated.
        raise RegistryURLError("the registry URL has an unknown scheme", _KNOWN)
    query = _Query(query_text)
    store = scheme.removesuffix("s") if scheme != "redis" else scheme
    authority, _, path = rest.partition("/")
    credentials, at, hosts = authority.rpartition("@")
    user_text, colon, password_text = credentials.partition(":")

    def variable(name: str) -> str | None:
        return environment.get(f"PARTITION_REGISTRY_{name}") or None

    user = (_decoded(user_text) if at else "") or None
    password = _decoded(password_text) if colon else None
    secret, file = ("TOKEN", "TOKEN_FILE") if store == "consul" else ("PASSWORD", "PASSWORD_FILE")
    if store == "consul" and user is not None:
        raise RegistryURLError("Consul has tokens, no users", "consul://:TOKEN@host, with the colon")
    if store != "consul":
        user = user or variable("USER")
    password = password if password is not None else variable(secret)
    if store == "etcd" and (user is None) != (password is None and variable(file) is None):
        raise RegistryURLError("etcd's user and password come together", "etcd://user:password@host")
    if store != "redis" and any(ord(letter) < 0x20 or ord(letter) == 0x7F for letter in password or ""):
        raise RegistryURLError("the registry's password or token has a control character in it")
    target = Target(
        store=store,
        endpoints=tuple(_endpoint(host, _PORTS[scheme]) for host in hosts.split(",")),
        tls=scheme in ("rediss", "etcds", "consuls"),
        authority=query.take("ca") or variable("CA_FILE"),
        certificate=query.take("cert") or variable("CERT_FILE"),
        key=query.take("key") or variable("KEY_FILE"),
        user=user,
        password=password,
        password_file=variable(file),
        database=_database(path, store),
        prefix=_prefix(query.take("prefix")),
        timeout=query.number("timeout", 1, 300) or 5,
    )
    if (target.certificate is None) != (target.key is None):
        raise RegistryURLError("a client certificate and its key come together: cert= and key=")
    if store == "redis":
        # For publishers; a reader has nothing to do with them.
        query.number("replicas", 0, 100)
        query.number("ttl", 1, 31_536_000)
    query.must_be_empty("prefix replicas ttl timeout ca cert key" if store == "redis" else "prefix timeout ca cert key")
    return target


def _postgres(url: str) -> tuple[str, str]:
    """The URI without ``prefix``, and the prefix."""
    base, _, query_text = url.partition("?")
    query = _Query(query_text)
    prefix = _prefix(query.take("prefix"))
    return base + ("?" + query.rest if query.rest else ""), prefix


class _Query:
    """Parameters, taken out one by one so that a forgotten or mistyped one is noticed."""

    def __init__(self, text: str) -> None:
        self._items = [item.partition("=") for item in text.split("&") if item]

    @property
    def rest(self) -> str:
        return "&".join("".join(item) for item in self._items)

    def take(self, name: str) -> str | None:
        found = [_decoded(value) for key, _, value in self._items if _decoded(key) == name]
        self._items = [item for item in self._items if _decoded(item[0]) != name]
        return found[-1] if found else None

    def number(self, name: str, lowest: int, highest: int) -> int | None:
        text = self.take(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 10 and lowest <= int(text) <= highest):
            raise RegistryURLError(f"{name}= in the registry URL is a number from {lowest} to {highest}")
        return int(text)

    def must_be_empty(self, known: str) -> None:
        if self._items:
            name = _decoded(self._items[0][0])
            # Shown only when it looks like a word: it may be the rest of a password with a question mark.
            shown = f", {name}" if re.fullmatch(r"[a-z]{1,19}", name) else ""
            raise RegistryURLError(f"the registry URL has an unknown parameter{shown}", f"known: {known}")


def _decoded(text: str) -> str:
    if re.search(r"%(?![0-9A-Fa-f]{2})|%00", text):
        raise RegistryURLError("a percent sign in the registry URL isn't followed by two hexadecimal digits")
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise RegistryURLError("the registry URL isn't UTF-8 once decoded") from None


def _prefix(text: str | None) -> str:
    # Prefixes become part of keys, channels, glob patterns and slots: only characters that mean nothing there.
    if _PREFIX.fullmatch(text or "") is None:
        raise RegistryURLError("prefix= has at most 128 letters, digits and _ - . :")
    return text or ""


def _database(path: str, store: str) -> int:
    if not path:
        return 0
    if store != "redis":
        raise RegistryURLError(
            "a registry URL of etcd or Consul has no path",
            "prefix= puts keys apart; a slash in the password must be percent-encoded",
        )
    if re.fullmatch(r"0|[1-9][0-9]{0,6}", path) is None or int(path) > 1_000_000:
        raise RegistryURLError(
            "the path of a Redis URL is a database's number",
            "a slash, a question mark or an @ in the password must be percent-encoded",
        )
    return int(path)


def _endpoint(text: str, port: int) -> tuple[str, int]:
    match = _ENDPOINT.fullmatch(text)
    if match is None or (match[3] is not None and not 1 <= int(match[3]) <= 65_535):
        raise RegistryURLError("the registry URL has no host, or a port that isn't a number from 1 to 65535")
    return match[1] or match[2], int(match[3] or port)
