# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Django: ``bulk_create`` straight into the partitions.

    router = Router("app_event", open_registry(settings.REGISTRY_URL), on_miss=OnMiss.PARENT)

    def view(request):
        router.start()                              # does nothing when it runs; each worker starts its own
        bulk_create_routed(Event, events, router, by="at")

Started by the first request, not in ``AppConfig.ready``: servers such as gunicorn fork their workers after that (a router that was
started before begins anew in the child all the same). Signals and ``Model.save`` are passed by, as in ``bulk_create``.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from django.db import connections, models, transaction
from django.db.models.sql import InsertQuery

from partition_router import Router


class _PartitionInsert(InsertQuery):  # type: ignore[misc]
    """An INSERT into another table of the model's columns."""

    def __init__(self, model: Any, schema: str, name: str) -> None:
        super().__init__(model)
        self._options = copy.copy(model._meta)
        # Django takes a name between quotes as it is; its cursor would take a percent sign for a placeholder.
        quoted = (part.replace('"', '""').replace("%", "%%") for part in (schema, name))
        self._options.db_table = '"' + '"."'.join(quoted) + '"'

    def get_meta(self) -> Any:
        return self._options


def bulk_create_routed(model: Any, objects: Sequence[Any], router: Router, by: str, using: str = "default") -> None:
    """Inserts the objects, one statement a partition and a half thousand rows; ``by`` is the field of the partition key.

    Fields are saved as ``bulk_create`` saves them: generated ones are the server's, ``db_default`` stands for what isn't set. A
    primary key that is None is left to the column's default (``DEFAULT nextval(…)``, since the partitions have no identity of their
    own before PostgreSQL 17), and stays None in the object. The key itself must be set: ``auto_now_add`` would come too late. Raises
    the first RoutingMiss, before anything.
    """
    connection = connections[using]
    for instance in objects:
        if instance.pk is None:
            instance.pk = model._meta.pk.get_pk_value_on_save(instance)
    routed = router.group(objects, lambda instance: getattr(instance, by))
    for _, miss in routed.misses:
        raise miss
    every = [field for field in model._meta.concrete_fields if not field.generated]
    counted = [field for field in every if isinstance(field, models.AutoField)]
    with transaction.atomic(using=using):
        for partition, group in routed.groups:
            # Of one statement all rows have the same columns.
            alike: dict[bool, list[Any]] = {}
            for instance in group:
                is_unset = any(getattr(instance, field.attname) is None for field in counted)
                alike.setdefault(is_unset, []).append(instance)
            for is_unset, same in alike.items():
                fields = [field for field in every if not (is_unset and field in counted)]
                size = min(connection.ops.bulk_batch_size(fields, same), 500)
                for start in range(0, len(same), size):
                    insert = _PartitionInsert(model, partition.schema, partition.name)
                    insert.insert_values(fields, same[start : start + size])
                    insert.get_compiler(using=using).execute_sql()
