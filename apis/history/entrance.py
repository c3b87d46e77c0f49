"""Enters at ``portal.history`` how changes of this room are put back."""

from __future__ import annotations

from portal.history.restoring import restores


def enter() -> None:
    """Enter who puts back what. Once, when the models are there."""
    from apis.history import operations, restoring, service, subscriptions

    for event, tab in restoring.TABS.items():
        restores([event], tab)
    restores(operations.EVENTS, operations.Operations())
    restores(subscriptions.EVENTS, subscriptions.Subscriptions())
    restores(service.EVENTS, service.OfAllApis())
