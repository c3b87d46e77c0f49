"""Every change to APIs, operations and subscriptions: one function per change, rows and activity line in one transaction."""

from apis.actions.apis import ApiSecurity, ApiSettings, change_api, create_api, delete_api, lead_api, secure_api
from apis.actions.callers import ApiCallers, change_callers
from apis.actions.calls import ApiCalls, change_calls
from apis.actions.operations import add_operation, change_operation, delete_operation
from apis.actions.refusals import EditedMeanwhile, KeyTaken, NotOverHttp, Taken
from apis.actions.subscriptions import (
    change_subscription,
    create_subscription,
    delete_subscription,
    new_subscription_key,
    regenerate_key,
    set_subscription_state,
    show_keys,
)
from apis.backends.leading import BelongsToBackEnd, Lead
from apis.credentials.refusals import PasswordMissing

__all__ = [
    "ApiCallers",
    "ApiCalls",
    "ApiSecurity",
    "ApiSettings",
    "BelongsToBackEnd",
    "EditedMeanwhile",
    "KeyTaken",
    "Lead",
    "NotOverHttp",
    "PasswordMissing",
    "Taken",
    "add_operation",
    "change_api",
    "change_callers",
    "change_calls",
    "change_operation",
    "change_subscription",
    "create_api",
    "create_subscription",
    "delete_api",
    "delete_operation",
    "delete_subscription",
    "lead_api",
    "new_subscription_key",
    "regenerate_key",
    "secure_api",
    "set_subscription_state",
    "show_keys",
]
