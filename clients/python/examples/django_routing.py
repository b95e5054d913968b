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

from collections.abc import Sequence
from typing import Any

from django.db import connections, transaction

from partition_router import Router


def bulk_create_routed(model: Any, objects: Sequence[Any], router: Router, by: str, using: str = "default") -> None:
    """Inserts the objects, one statement a partition; ``by`` is the field of the key.

    A primary key that is None is left to the column's default: ``DEFAULT nextval(…)``, since the partitions have no identity of
    their own before PostgreSQL 17. Raises the first RoutingMiss, before anything.
    """
    connection = connections[using]
    routed = router.group(objects, lambda instance: getattr(instance, by))
    for _, miss in routed.misses:
        raise miss
    fields = [
        field
        for field in model._meta.concrete_fields
        if not (field.primary_key and all(getattr(instance, field.attname) is None for instance in objects))
    ]
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for partition, group in routed.groups:
            # Quoted by the router; a name may hold a percent sign, which the driver would take for a placeholder.
            target = partition.qualified_name.replace("%", "%%")
            values = [
                [field.get_db_prep_save(field.pre_save(instance, add=True), connection) for field in fields]
                for instance in group
            ]
            cursor.executemany(f"INSERT INTO {target} ({columns}) VALUES ({places})", values)
