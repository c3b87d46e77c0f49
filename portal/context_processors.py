"""What every page needs to know."""

import json
from typing import Any

from django.http import HttpRequest

from portal import __version__
from portal.preferences import theme_of

# htmx hardened: nothing evaluated, no scripts or styles from answers, no pages kept in the browser's storage; a restored page is a
# whole page. Refusals (409) and invalid forms (422) are shown.
_HTMX_CONFIG = json.dumps(
    {
        "allowEval": False,
        "allowScriptTags": False,
        "includeIndicatorStyles": False,
        "historyCacheSize": 0,
        "historyRestoreAsHxRequest": False,
        "refreshOnHistoryMiss": True,
        "selfRequestsOnly": True,
        "responseHandling": [
            {"code": "204", "swap": False},
            {"code": "[23]..", "swap": True},
            {"code": "409|422", "swap": True},
            {"code": "[45]..", "swap": False, "error": True},
        ],
    }
)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return the theme, the configuration of htmx and the portal's version."""
    return {"theme": theme_of(request), "htmx_config": _HTMX_CONFIG, "portal_version": __version__}
