# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""The recipes: what they insert is what SQLAlchemy and Django would have inserted, and lies where PostgreSQL wants it."""

from __future__ import annotations

import datetime
from typing import Any

import django
import django.conf
import sqlalchemy

from examples.sqlalchemy_routing import insert_routed
from partition_router import OnMiss, Router, RoutingMiss, open_registry

from .cases import DatabaseCase
from .servers import execute, monthly, rotate
from .test_routing import quiet

NOW = datetime.datetime.now(datetime.UTC)


class Recipes(DatabaseCase):
    def router(self, table: str, columns: str, on_miss: OnMiss = OnMiss.RAISE) -> Router:
        """A table with its partitions, and a router that has its map."""
        self.connection = self.database.connect()
        self.addCleanup(self.connection.close)
        # An identity isn't one in the partitions themselves before PostgreSQL 17; a default is.
        execute(self.connection, f"CREATE SEQUENCE {table}_id START 1000")
        monthly(self.connection, table, f"id bigint NOT NULL DEFAULT nextval('{table}_id'), at timestamptz NOT NULL, {columns}")
        rotate(self.database, self.database.url, table)
        router = Router(table, open_registry(self.database.url, {}), on_miss=on_miss, logger=quiet())
        router.start()
        self.addCleanup(router.stop)
        self.assertTrue(router.wait(timeout=60))
        return router

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return execute(self.connection, statement).fetchall()

    def check(self, table: str, count: int) -> None:
        """All rows are there, in more than one partition, and none in the wrong one: that none was is the partitions' own work."""
        ((rows, partitions),) = self.rows(f"SELECT count(*), count(DISTINCT tableoid) FROM {table}")
        self.assertEqual(rows, count)
        self.assertGreaterEqual(partitions, 2)


class SQLAlchemyRecipe(Recipes):
    def setUp(self) -> None:
        self.engine = sqlalchemy.create_engine(self.database.url.replace("postgres://", "postgresql+psycopg://"))
        self.addCleanup(self.engine.dispose)

    def test_rows(self) -> None:
        router = self.router("orders", "payload text")
        orders = sqlalchemy.Table(
            "orders",
            sqlalchemy.MetaData(),
            sqlalchemy.Column("id", sqlalchemy.BigInteger, primary_key=True),
            sqlalchemy.Column("at", sqlalchemy.TIMESTAMP(timezone=True)),
            sqlalchemy.Column("payload", sqlalchemy.Text),
        )
        rows = [{"id": n, "at": NOW + datetime.timedelta(days=n), "payload": "%s ' \""} for n in range(50)]
        with self.engine.begin() as work:
            insert_routed(work, router, orders, rows, by="at")
        lost = [{"id": 99, "at": NOW + datetime.timedelta(days=4000), "payload": ""}]
        with self.assertRaises(RoutingMiss), self.engine.begin() as work:
            insert_routed(work, router, orders, [*rows, *lost], by="at")
        self.check("orders", 50)

    def test_keys_and_defaults(self) -> None:
        columns = "\"user id\" bigint, origin text, payload text DEFAULT 'server', customer bigint, twice bigint GENERATED ALWAYS AS (customer * 2) STORED"
        router = self.router("keyed", columns)
        metadata = sqlalchemy.MetaData()
        sqlalchemy.Table("customers", metadata, sqlalchemy.Column("id", sqlalchemy.BigInteger, primary_key=True))
        keyed = sqlalchemy.Table(
            "keyed",
            metadata,
            sqlalchemy.Column("id", sqlalchemy.BigInteger, primary_key=True),
            sqlalchemy.Column("at", sqlalchemy.TIMESTAMP(timezone=True), key="moment"),
            sqlalchemy.Column("user id", sqlalchemy.BigInteger, key="user_id"),
            sqlalchemy.Column("origin", sqlalchemy.Text, default=lambda: "python"),
            sqlalchemy.Column("payload", sqlalchemy.Text, server_default="server"),
            sqlalchemy.Column("customer", sqlalchemy.ForeignKey("customers.id")),
            sqlalchemy.Column("twice", sqlalchemy.BigInteger, sqlalchemy.Computed("customer * 2")),
        )
        rows: list[dict[str, Any]] = [
            {"moment": NOW, "user_id": 1},
            {"moment": NOW, "user_id": 2, "payload": "given", "origin": None},
            {"moment": NOW, "user_id": 3, "customer": 7},
            {"moment": NOW + datetime.timedelta(days=31), "payload": "far"},
        ]
        with self.engine.begin() as work:
            insert_routed(work, router, keyed, rows, by="moment")
        found = self.rows('SELECT "user id", origin, payload, customer, twice FROM keyed ORDER BY 1')
        self.assertEqual(
            found,
            [(1, "python", "server", None, None), (2, None, "given", None, None), (3, "python", "server", 7, 14),
             (None, "python", "far", None, None)],
        )  # fmt: skip
        self.assertEqual(self.rows("SELECT min(id), count(DISTINCT id) FROM keyed"), [(1000, 4)])
        for unknown in ("userid", "user id"):
            # Also where it isn't the first row that has it.
            with self.assertRaises(KeyError), self.engine.begin() as work:
                insert_routed(work, router, keyed, [{"moment": NOW}, {"moment": NOW, unknown: 5}], by="moment")
        self.check("keyed", 4)


class DjangoRecipe(Recipes):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        database = {
            "ENGINE": "django.db.backends.postgresql", "NAME": "postgres", "USER": "postgres", "HOST": "127.0.0.1",
            "PORT": cls.database.port,
        }  # fmt: skip
        django.conf.settings.configure(DATABASES={"default": database}, USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField")
        django.setup()

    def model(self, table: str, **columns: Any) -> Any:
        from django.db import connections, models

        self.addCleanup(connections.close_all)
        attributes = {
            "at": models.DateTimeField(),
            "Meta": type("Meta", (), {"app_label": "app", "db_table": table}),
            "__module__": __name__,
        }
        return type(table, (models.Model,), attributes | columns)

    def test_rows(self) -> None:
        from django.db import models

        from examples.django_routing import bulk_create_routed

        router = self.router("app_event", "payload text", OnMiss.PARENT)
        event = self.model("app_event", payload=models.TextField(null=True))
        rows = [event(at=NOW + datetime.timedelta(days=n), payload="100%") for n in range(50)]
        bulk_create_routed(event, rows, router, by="at")
        self.assertEqual(event.objects.filter(payload="100%").count(), 50)
        # More than a statement holds.
        bulk_create_routed(event, [event(at=NOW) for _ in range(1234)], router, by="at")
        self.check("app_event", 1284)

    def test_what_bulk_create_does(self) -> None:
        from django.db import models
        from django.db.models.functions import Now, Upper

        from examples.django_routing import bulk_create_routed

        columns = "price int, twice int GENERATED ALWAYS AS (price * 2) STORED, kind text DEFAULT 'plain', made timestamptz DEFAULT now(), note text"
        router = self.router("app_sale", columns)
        sale = self.model(
            "app_sale",
            price=models.IntegerField(),
            twice=models.GeneratedField(
                expression=models.F("price") * 2, output_field=models.IntegerField(), db_persist=True
            ),
            kind=models.TextField(db_default="plain"),
            made=models.DateTimeField(db_default=Now()),
            note=models.TextField(default="noted"),
        )
        later = NOW + datetime.timedelta(days=31)
        rows = [
            sale(at=NOW, price=1),
            sale(id=7, at=NOW, price=2, kind="given", made=NOW),
            sale(at=NOW, price=3, note=Upper(models.Value("loud"))),
            sale(at=later, price=4),
            sale(id=8, at=later, price=5, kind="100%"),
        ]
        bulk_create_routed(sale, rows, router, by="at")
        self.assertEqual(
            self.rows("SELECT price, twice, kind, note, made IS NOT NULL, id FROM app_sale ORDER BY price"),
            [(1, 2, "plain", "noted", True, 1000), (2, 4, "given", "noted", True, 7), (3, 6, "plain", "LOUD", True, 1001),
             (4, 8, "plain", "noted", True, 1002), (5, 10, "100%", "noted", True, 8)],
        )  # fmt: skip
        self.assertEqual(self.rows("SELECT made FROM app_sale WHERE id = 7"), [(NOW,)])
        lost = sale(at=NOW + datetime.timedelta(days=4000), price=6)
        with self.assertRaises(RoutingMiss):
            bulk_create_routed(sale, [sale(at=NOW, price=6), lost], router, by="at")
        self.check("app_sale", 5)

    def test_names_that_need_quotes(self) -> None:
        from examples.django_routing import _PartitionInsert

        event = self.model("app_named")
        connection = self.database.connect()
        self.addCleanup(connection.close)
        name = 'odd "100%s" name'
        execute(connection, "CREATE TABLE " + '"' + name.replace('"', '""') + '"' + " (id bigint DEFAULT 1, at timestamptz)")
        insert = _PartitionInsert(event, "public", name)
        insert.insert_values([event._meta.get_field("at")], [event(at=NOW)])
        insert.get_compiler(using="default").execute_sql()
        row = execute(connection, "SELECT count(*) FROM " + '"' + name.replace('"', '""') + '"').fetchone()
        self.assertEqual(row, (1,))
