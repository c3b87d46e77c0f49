"""What a gateway tells others of calls, where its settings and the API's switches say so: an access log, spans of traces. [pure]

Without these settings a gateway's configuration has not one byte of it, and neither have the routes of an API whose switches are off.
"""

from gateway.compile.telemetry.collector import Collector, Telemetry
from gateway.compile.telemetry.marks import mark

__all__ = ["Collector", "Telemetry", "mark"]
