"""What a configuration is, read or written: plain values. [pure]"""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]
VERSION = 1
