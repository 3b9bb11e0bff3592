"""From a commit to a browser. Read in this order; each step says why no event is lost or repeated.

1. Triggers insert events into the table `outbox` in the transaction of the change
   (migrations/*_event_log.sql, *_events.sql): a rolled-back change has no event.
2. After the commit `waker.py` notifies the relay. It also polls: a lost notification only delays.
3. `relay.py`: in one elected process, moves events from the outbox into the log
   (`realtime_events`) in one transaction, and numbers them without gaps (`seq`). If that process
   dies, its transaction is rolled back, and another process is elected.
4. `hub.py`: in every API process, reads the log after the last `seq` that it delivered, and pushes
   each event into the queue of each stream that subscribes to it (`open_streams.py`, `stream.py`).
5. `following.py` writes one stream to its client. A *cursor* is `epoch:seq`: the epoch identifies
   the log (a database restored from a backup gets another one). A client reconnects with the cursor
   that it received last. `replay.py` reads the events after it from the log up to `Stream.since`,
   where the stream joined the hub; the queue has those after `since`. So both parts meet exactly.
6. If events are gone from the log, the client gets `reset` and reloads. If a client is too slow and
   its queue is full, events of a board slot that a later one replaces are dropped; if that frees
   too little, the stream ends, and the client reconnects and replays.

`pages.py` caches the log for replays, `rights.py` checks each event against the reader's current
rights, `frames.py` encodes, `upkeep.py` deletes old parts of the log.
"""
