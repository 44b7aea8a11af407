"""Interface class 71, Limiter (Blue Book 4.5.9): thresholds of a monitored value and what to do beyond them.

Attributes only: supervising the value is not implemented.
"""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.kinds import DATE_TIME, SCRIPT_REFERENCE
from dlmskit.cosem.model import InterfaceClass


class Limiter(InterfaceClass, class_id=71, version=0, name="Limiter"):
    """Durations are in s; a threshold has the type of the monitored attribute."""

    monitored_value = attribute(2, "structure{class_id:long-unsigned,logical_name:logical-name,attribute_index:integer}")
    threshold_active = attribute(3, "any", dynamic=True)
    threshold_normal = attribute(4, "any", writable=True)
    threshold_emergency = attribute(5, "any", writable=True)
    min_over_threshold_duration = attribute(6, "double-long-unsigned", writable=True)
    min_under_threshold_duration = attribute(7, "double-long-unsigned", writable=True)
    emergency_profile = attribute(
        8,
        f"structure{{emergency_profile_id:long-unsigned,emergency_activation_time:{DATE_TIME},"
        "emergency_duration:double-long-unsigned}",
        writable=True,
    )
    emergency_profile_group_id_list = attribute(9, "array<long-unsigned>", writable=True)
    emergency_profile_active = attribute(10, "boolean", dynamic=True)
    actions = attribute(
        11,
        f"structure{{action_over_threshold:{SCRIPT_REFERENCE},action_under_threshold:{SCRIPT_REFERENCE}}}",
        writable=True,
    )
