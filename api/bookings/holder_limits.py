"""The limits on what a caller holds: those of the patient, the agent and the conversation."""

from dataclasses import replace

from api.state import AppState
from domain.actors import Actor, Role
from domain.patient_limits import HolderLimits, Limits, limits


def limits_of(
    state: AppState, actor: Actor, *, holds: bool = True, conversation: bytes | None = None
) -> Limits:
    """The limits on what this caller holds (or books at once: `holds` is false)."""
    holder = _holder_limits(state, actor, conversation)
    return limits(by_staff=actor.is_staff, holds=holds, holder=holder)


def _holder_limits(state: AppState, actor: Actor, conversation: bytes | None) -> HolderLimits:
    settings = state.settings
    found = HolderLimits()
    if conversation:
        found = replace(
            found, conversation=conversation, conversation_holds=settings.conversation_holds
        )
    if actor.role is Role.AGENT:
        found = replace(
            found,
            agent_id=actor.id,
            agent_holds=settings.agent_holds,
            agent_day_holds=settings.agent_holds_per_day,
        )
    return found
