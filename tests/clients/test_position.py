"""What frames mean to a reader who has been there before."""

import json
from uuid import UUID

import pytest
from httpx2 import ServerSentEvent

from chairtime_client import Event, Ready, Reset, Snapshot
from chairtime_client import position as position_module
from chairtime_client.position import GAP, ReaderPosition

A, B = str(UUID(int=1)), str(UUID(int=2))


def event(seq: int, version: int | None = 1, entity=A, kind="appointment.edited", epoch="e"):
    data = {
        "seq": seq,
        "kind": kind,
        "entity_id": entity,
        "version": version,
        "occurred_at": "2026-11-23T08:00:00Z",
    }
    return ServerSentEvent(kind, json.dumps(data), f"{epoch}:{seq}")


def ready(seq: int, epoch="e"):
    return ServerSentEvent("ready", "{}", f"{epoch}:{seq}")


def reset(seq: int, epoch="e"):
    return ServerSentEvent("reset", '{"reason": "too_old"}', f"{epoch}:{seq}")


def heard(place: ReaderPosition, *frames: ServerSentEvent) -> list[object]:
    """Events by their number, the rest as it is."""
    items = [item for frame in frames for item in place.take(frame)]
    return [item.seq if isinstance(item, Event) else item for item in items]


def test_an_event_carries_its_cursor_and_all_of_its_data():
    item = next(ReaderPosition().take(event(7, 3)))
    assert isinstance(item, Event)
    assert (item.cursor, item.seq, item.entity_id, item.version) == ("e:7", 7, A, 3)
    assert item.occurred_at.tzinfo is not None
    assert item.data["kind"] == item.kind == "appointment.edited"


def test_what_comes_again_is_dropped_within_a_connection_and_after_a_cut():
    place = ReaderPosition()
    assert heard(place, ready(0), event(1), event(1), event(2, 2)) == [Ready("e:0"), 1, 2]
    assert heard(place, ready(2), event(1), event(2, 2), event(3, 3)) == [Ready("e:2"), 3]


def test_the_numbers_of_another_epoch_are_others():
    place = ReaderPosition()
    heard(place, event(5))
    assert heard(place, reset(0, "f"), event(1, epoch="f")) == [Reset("f:0", "too_old"), 1]
    assert place.cursor == "f:1"


def test_a_missing_version_of_a_booking_is_a_reset_and_then_the_event():
    place = ReaderPosition()
    assert heard(place, event(1, 1), event(2, 1, B), event(9, 3)) == [1, 2, Reset("e:9", GAP), 9]
    assert heard(place, event(10, 4), event(11, 7, B)) == [10, 11]


def test_versions_that_go_backwards_are_a_reset_too():
    assert heard(ReaderPosition(), event(1, 2), event(2, 1)) == [1, Reset("e:2", GAP), 2]


def test_a_booking_that_was_gone_may_come_back_with_any_version():
    gone = event(2, 2, kind="appointment.removed")
    assert heard(ReaderPosition(), event(1, 1), gone, event(9, 5)) == [1, 2, 9]


@pytest.mark.parametrize("kind", ["slot.held", "schedule.changed", "profile.changed"])
def test_only_of_bookings_each_version_is_an_event(kind):
    frames = [event(1, 1, kind=kind), event(2, None, kind=kind), event(3, 9, kind=kind)]
    assert heard(ReaderPosition(), *frames) == [1, 2, 3]


def test_after_a_servers_reset_no_version_is_missed():
    place = ReaderPosition()
    assert heard(place, event(1, 1), reset(7), event(8, 5)) == [1, Reset("e:7", "too_old"), 8]


def test_a_connection_that_begins_elsewhere_is_a_reset():
    place = ReaderPosition("e:4")
    assert heard(place, ready(4)) == [Ready("e:4")]
    assert heard(place, ready(6)) == [Reset("e:6", GAP), Ready("e:6")]
    assert heard(place, reset(9), ready(9)) == [Reset("e:9", "too_old"), Ready("e:9")]


def test_a_booking_begins_with_its_state():
    frame = ServerSentEvent("snapshot", '{"status": "held"}', "e:3")
    assert heard(ReaderPosition(), frame, event(4, 2)) == [Snapshot("e:3", {"status": "held"}), 4]


def test_a_lone_retry_a_farewell_and_what_is_not_known_yet_only_steer():
    place = ReaderPosition("e:1")
    frames = [
        ServerSentEvent(retry=1500),
        ServerSentEvent("bye", "{}", "e:1", 4200),
        ServerSentEvent("weather", '{"rain": true}', "e:1"),
    ]
    assert heard(place, frames[0]) == []
    assert place.retry == 1.5
    assert heard(place, *frames[1:]) == []
    assert (place.retry, place.cursor) == (4.2, "e:1")


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first(monkeypatch):
    monkeypatch.setattr(position_module, "REMEMBERED", 2)
    place = ReaderPosition()
    heard(place, *(event(n, 1, str(UUID(int=n))) for n in (1, 2, 3)))
    assert heard(place, event(4, 9, str(UUID(int=1)))) == [4]
    assert heard(place, event(5, 9, str(UUID(int=3)))) == [Reset("e:5", GAP), 5]
