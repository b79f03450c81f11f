"""The queue extension: callers are answered and wait with music until an agent is free.

Its callers are served by `queues/`, which stands above the calls that it begins by itself.
"""

from __future__ import annotations

from softswitch.calls.numbers.extension import ExtensionKind
from softswitch.settings.extensions.queue import QueueExtension

QUEUE = ExtensionKind(name="queue", api_name="Queue", settings=QueueExtension)
